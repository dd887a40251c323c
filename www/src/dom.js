// Elements as expressions. Text always goes in as text, never as HTML.

/** `h("p.note", { title: "…" }, "text", child)`; null and false children are left out. */
export function h(selector, ...rest) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(" ");
  const [first] = rest;
  const isProps = first !== null && typeof first === "object" && !(first instanceof Node) && !Array.isArray(first);
  if (isProps) setProps(element, rest.shift());
  element.append(...rest.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Functions are listeners (`onclick`), other values attributes; false and undefined are left out. */
function setProps(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === undefined || value === null) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** "1 step", "3 steps". */
export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

/** Message text of the core with its `code` set as code. */
export function prose(text) {
  return text.split("`").map((part, at) => (at % 2 === 1 ? h("code", part) : part));
}

/** Calls `work` once things have been quiet for `ms`. */
export function debounced(ms, work) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, ms);
  };
}
