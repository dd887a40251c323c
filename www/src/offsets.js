// The core counts bytes of UTF-8, the editor counts UTF-16 units. The only conversion between them.

const BEYOND_ASCII = /[^\x00-\x7f]/;

/** From byte offsets in `text` to indices of it; an offset behind the end is the end. */
export function toIndex(text) {
  if (!BEYOND_ASCII.test(text)) return (offset) => Math.min(offset, text.length);
  const index = indexOfEachByte(text);
  return (offset) => index[Math.min(offset, index.length - 1)];
}

function indexOfEachByte(text) {
  const index = [];
  let at = 0;
  for (const character of text) {
    for (let byte = 0; byte < utf8Length(character); byte += 1) index.push(at);
    at += character.length;
  }
  index.push(at);
  return index;
}

function utf8Length(character) {
  const code = character.codePointAt(0);
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
