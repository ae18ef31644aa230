/** The views that came with this script, by the address that a page names; others are fetched from there. */

/** @type {Map<string, any>} */
export const built = new Map();
