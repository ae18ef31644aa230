# Values of ordinal::clmm for the tests of the cumulative-link mixed model.
# Rscript ordinal_mixed.R DATA.csv music|passages OUT.json
suppressPackageStartupMessages({ library(ordinal); library(jsonlite) })
args <- commandArgs(trailingOnly = TRUE)
d <- read.csv(args[1], colClasses = c("factor", "factor", "factor", "numeric"))
d$y <- factor(d$y, ordered = TRUE)
d$lp <- interaction(d$l, d$p, drop = TRUE)
d$ls <- interaction(d$l, d$s, drop = TRUE)
d$ps <- interaction(d$p, d$s, drop = TRUE)
music <- args[2] == "music"
right <- if (music) "(1|l) + (1|p) + (1|lp) + (1|ls) + (1|ps)" else "p + (1|l) + (1|lp) + (1|ls)"
control <- clmm.control(method = "nlminb", gradTol = 1e-5, maxIter = 200, maxLineIter = 200)
fitted <- function(left) suppressWarnings(clmm(as.formula(paste("y ~", left, right)), data = d,
  Hess = TRUE, control = control))
fit <- fitted("s +")
without <- fitted("")
systems <- paste0("s", levels(d$s)[-1])
terms <- if (music) c("l", "p", "lp", "ls", "ps") else c("l", "lp", "ls")
write_json(list(log_likelihood = as.numeric(logLik(fit)), without = as.numeric(logLik(without)),
  thresholds = unname(fit$alpha), effects = unname(fit$beta[systems]),
  covariance = unname(as.matrix(vcov(fit)[systems, systems])),
  variances = setNames(lapply(terms, function(one) as.numeric(VarCorr(fit)[[one]])), terms),
  versions = list(R = as.character(getRversion()), ordinal = as.character(packageVersion("ordinal")))),
  args[3], auto_unbox = TRUE, digits = NA)
