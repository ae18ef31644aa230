# Values of lme4 and lmerTest for the tests of the linear mixed model.
# Rscript linear_mixed.R DATA.csv music|passages OUT.json
# Several optimisers begin at several places; the fit with the least REML criterion counts.
suppressPackageStartupMessages({ library(lmerTest); library(jsonlite) })
args <- commandArgs(trailingOnly = TRUE)
d <- read.csv(args[1], colClasses = c("factor", "factor", "factor", "numeric"))
music <- args[2] == "music"
form <- if (music) {
  y ~ 0 + s + (1 | l) + (1 | p) + (1 | l:p) + (1 | l:s) + (1 | p:s)
} else {
  y ~ 0 + s:p + (1 | l) + (1 | l:p) + (1 | l:s)
}
terms <- if (music) c("l", "p", "l:p", "l:s", "p:s") else c("l", "l:p", "l:s")
quiet <- list(check.conv.singular = "ignore", check.conv.grad = "ignore", check.conv.hess = "ignore")
bobyqa <- do.call(lmerControl, c(list(optimizer = "bobyqa",
  optCtrl = list(maxfun = 1e6, rhobeg = 0.02, rhoend = 1e-9)), quiet))
nlopt <- do.call(lmerControl, c(list(optimizer = "nloptwrap",
  optCtrl = list(algorithm = "NLOPT_LN_SBPLX", maxeval = 1e5, xtol_abs = 1e-9, ftol_abs = 1e-11)), quiet))
fits <- list()
for (control in list(bobyqa, nlopt)) for (start in c(1, 0.1)) {
  fit <- tryCatch(suppressWarnings(suppressMessages(lmer(form, d, control = control,
    start = list(theta = rep(start, length(terms)))))), error = function(e) NULL)
  if (!is.null(fit)) fits[[length(fits) + 1]] <- fit
}
crits <- sapply(fits, REMLcrit)
fit <- fits[[which.min(crits)]]
vc <- as.data.frame(VarCorr(fit))
variances <- setNames(vc$vcov, vc$grp)
b <- fixef(fit)
systems <- levels(d$s)
k <- length(systems)
means <- t(sapply(systems, function(one) {
  mine <- grepl(paste0("^s", one, "(:|$)"), names(b))
  mine / sum(mine)
}))
pairs <- list()
for (i in seq_len(k - 1)) for (j in (i + 1):k) {
  found <- contest1D(fit, means[i, ] - means[j, ])
  pairs[[length(pairs) + 1]] <- list(first = i - 1, second = j - 1, difference = found[["Estimate"]],
    error = found[["Std. Error"]], df = found[["df"]], t = found[["t value"]], p = found[["Pr(>|t|)"]])
}
basis <- t(contr.helmert(k))
basis <- basis / sqrt(rowSums(basis^2))
whole <- contestMD(fit, basis %*% means)
write_json(list(criterion = min(crits), worst = max(crits), variances = as.list(variances[terms]),
  residual = unname(variances["Residual"]), pairs = pairs,
  f = list(statistic = whole[["F value"]], df = whole[["NumDF"]], df2 = whole[["DenDF"]], p = whole[["Pr(>F)"]]),
  versions = list(R = as.character(getRversion()), lme4 = as.character(packageVersion("lme4")),
    lmerTest = as.character(packageVersion("lmerTest")))),
  args[3], auto_unbox = TRUE, digits = NA)
