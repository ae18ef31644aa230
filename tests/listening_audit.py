"""What WCAG 2.2 AA asks of a page that can be computed: contrast, names, targets, focus, motion."""

from typing import Literal

from listening_visits import Visit

# Each complaint names the element. Hidden and disabled elements are exempt, as the standard says.
AUDIT = """() => {
  const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (color) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) =>
    [0, 1, 2].map((k) => top[k] * top[3] + below[k] * (1 - top[3])).concat(1);
  const ground = (node) => {
    if (!node) return rgba(getComputedStyle(document.documentElement).backgroundColor);
    const own = rgba(getComputedStyle(node).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(node.parentElement));
  };
  const light = ([r, g, b]) => {
    const linear = [r, g, b].map((part) => {
      const c = part / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const seen = (node) => node.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const off = (node) => node.closest(':disabled, [aria-disabled="true"]') !== null;
  const tell = (node, why) => `${why}: ${node.outerHTML.slice(0, 160)}`;
  const found = [];
  // What lies under a dialog is out of reach meanwhile.
  const root = document.querySelector('dialog[open]') ?? document.body;
  const all = [...root.querySelectorAll('*')].filter(seen);

  for (const node of all) {
    const written = [...node.childNodes].some((c) => c.nodeType === 3 && c.data.trim());
    if (!written && !node.matches('input[type=text], textarea')) continue;
    if (off(node) || node.matches('option, .unseen')) continue;
    const style = getComputedStyle(node);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const behind = ground(node);
    const ratio = contrast(over(rgba(style.color), behind), behind);
    if (ratio < (large ? 3 : 4.5)) found.push(tell(node, `text ${ratio.toFixed(2)}`));
  }
  // Edges and fills that show where a control is, or in which state.
  const drawn = 'input[type=text], textarea, select, .thumb, .marker .letter, .icon, .head, '
    + '.question .options label';
  for (const node of all.filter((one) => one.matches(drawn) && !off(one))) {
    const style = getComputedStyle(node);
    const behind = ground(node.parentElement);
    const inks = [style.backgroundColor];
    if (parseFloat(style.borderTopWidth) > 0) inks.push(style.borderTopColor);
    if (node.matches('.icon')) inks.push(style.color);
    const best = Math.max(...inks.map((ink) => contrast(over(rgba(ink), behind), behind)));
    if (best < 3) found.push(tell(node, `control ${best.toFixed(2)}`));
  }
  const controls = all.filter((node) => node.matches(
    'button, a[href], input, select, textarea, summary, [role=slider], [tabindex="0"]'));
  for (const node of controls) {
    const native = node.matches('button, a, input, select, textarea, summary');
    if (!native && !node.getAttribute('role')) found.push(tell(node, 'no role'));
    const by = node.getAttribute('aria-labelledby');
    const name = node.getAttribute('aria-label') || (by && document.getElementById(by)?.textContent)
      || node.labels?.[0]?.textContent || (node.matches('input, select') ? '' : node.textContent);
    if (!name?.trim()) found.push(tell(node, 'no name'));
    const target = node.matches('input') && node.closest('label') ? node.closest('label') : node;
    const box = target.getBoundingClientRect();
    const inText = node.matches('.prose a, p a');
    const least = node.matches('input[type=checkbox], input[type=radio]') ? 24 : 44;
    const own = target === node && node.labels?.[0]?.getBoundingClientRect();
    const height = Math.max(box.height, own ? own.height : 0);
    if (!inText && (height < least || box.width < 24 && !own)) {
      found.push(tell(node, `target ${box.width.toFixed(0)} x ${height.toFixed(0)}`));
    }
    if (node.matches('[role=slider]')) {
      for (const part of ['valuenow', 'valuemin', 'valuemax', 'valuetext']) {
        if (!node.hasAttribute(`aria-${part}`)) found.push(tell(node, `no aria-${part}`));
      }
    }
  }
  for (const node of controls.filter((one) => !off(one))) {
    document.activeElement?.blur();
    node.focus({preventScroll: true, focusVisible: true});
    if (document.activeElement !== node) { found.push(tell(node, 'no focus')); continue; }
    const ring = node.matches('label input') ? [node, node.closest('label')] : [node];
    const shown = ring.some((one) => {
      const style = getComputedStyle(one);
      const wide = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
      const behind = ground(one.parentElement);
      return wide && contrast(over(rgba(style.outlineColor), behind), behind) >= 3;
    });
    if (!shown) found.push(tell(node, 'focus unseen'));
  }
  const ids = all.map((node) => node.id).filter(Boolean);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`id twice: ${id}`);
  if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
  if (!document.documentElement.lang) found.push('no language');
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
    for (const node of all) {
      const style = getComputedStyle(node);
      const moves = [style.transitionDuration, style.animationDuration]
        .some((list) => list.split(',').some((one) => parseFloat(one) > 0));
      if (moves) found.push(tell(node, 'moves'));
    }
  }
  document.activeElement?.blur();
  return found;
}"""
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")


def complaints(one: Visit) -> list[str]:
    """What the page, as it stands, does not do for everybody: light, dark, with less motion."""
    found: list[str] = []
    for scheme in SCHEMES:
        one.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [f"{scheme}: {one}" for one in one.page.evaluate(AUDIT)]
    one.page.emulate_media(reduced_motion="no-preference")
    return found
