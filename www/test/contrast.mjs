// WCAG contrast of the text that can be seen, as the browser computed its colours.

/** Texts whose contrast is below `least`, as "ratio text"; none when all is well. */
export function contrasts(page, least) {
  return page.evaluate((least) => {
    const parse = (color) => {
      const numbers = color.match(/[\d.]+/g).map(Number);
      return { rgb: numbers.slice(0, 3), alpha: numbers[3] ?? 1 };
    };
    const luminance = (rgb) => {
      const [r, g, b] = rgb.map((channel) => {
        const part = channel / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const over = (top, below) => top.rgb.map((channel, at) => channel * top.alpha + below[at] * (1 - top.alpha));
    const background = (element) => {
      if (!element) return [255, 255, 255];
      const own = parse(getComputedStyle(element).backgroundColor);
      return own.alpha === 1 ? own.rgb : over(own, background(element.parentElement));
    };
    const ratio = (element) => {
      const behind = background(element);
      const [light, dark] = [luminance(over(parse(getComputedStyle(element).color), behind)), luminance(behind)].sort((a, b) => b - a);
      return (light + 0.05) / (dark + 0.05);
    };
    const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
    const counts = (element) => hasText(element) && element.checkVisibility() && !element.closest("[aria-disabled=true], .unseen, option");
    return [...document.body.querySelectorAll("*")].filter(counts)
      .map((element) => [ratio(element), element])
      .filter(([value]) => value < least)
      .map(([value, element]) => `${value.toFixed(2)} ${element.tagName} ${element.className} ${element.textContent.slice(0, 40)}`);
  }, least);
}
