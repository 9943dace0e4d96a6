// Names of files from peers: refused where they could only be meant to deceive, shown so that nobody is deceived, made safe for
// a download. They are never paths: what is received is stored under names of our own.

const MAX_PATH_LENGTH = 4000;
const MAX_DEPTH = 64;
const MAX_COMPONENT_BYTES = 255;
const MAX_SHOWN = 160;
const MAX_OWN_NAME = 64;
const MAX_DOWNLOAD_NAME = 120;

// Controls, bidi and zero-width formatting, fillers, lone surrogates, private and unassigned characters, all spaces but the
// ordinary one: what is invisible, or moves what is around it.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|[^\S ]/gu;

// Joiners stay where they do what they are for: in emoji, and between letters of scripts that join.
const JOINING = String.raw`[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}]`;
const JOINED = new RegExp(
  String.raw`(?<=${JOINING}\p{M}*)[\u200c\u200d](?=${JOINING})|(?<=\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?)\u200d(?=\p{Extended_Pictographic})|(?<=\p{Extended_Pictographic})\ufe0f`, 'gu');
const STACKED = /(\p{M}{4})\p{M}+/gu;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)/i;

// The name with everything invisible written out, and with its end in sight however long it is.
export function shownName(text) {
  const cut = String(text).slice(0, 2 * MAX_PATH_LENGTH).replace(STACKED, '$1');
  const joined = new Set(Array.from(cut.matchAll(JOINED), match => match.index));
  const shown = cut.replace(INVISIBLE, (c, at) => joined.has(at) ? c : `\\u${c.codePointAt(0).toString(16).padStart(4, '0')}`);
  return shown.length <= MAX_SHOWN ? shown : `${shown.slice(0, MAX_SHOWN / 2)} … ${shown.slice(-MAX_SHOWN / 2)}`;
}

// A name that somebody may have: without what is invisible, not empty. Null when nothing is left.
export function ownName(text) {
  const name = text.replace(INVISIBLE, c => c === '\u200d' || c === '\u200c' || c === '\ufe0f' ? c : ' ').replace(/\s+/g, ' ').trim();
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(name) ? [...name].slice(0, MAX_OWN_NAME).join('') : null;
}

// Why a manifest with these paths is refused; null when it is not.
export const refusePaths = paths => refusalsOf(paths).find(Boolean) ?? null;

// Why each of the paths of a manifest is refused; null where it is not.
export function refusalsOf(paths) {
  const all = new Set();
  const folders = new Set();
  const refusals = paths.map(path => {
    const why = refusePath(path) ?? (all.has(path) ? 'it is there twice' : null);
    if (why) return refusal(path, why);
    all.add(path);
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) folders.add(path.slice(0, end));
    return null;
  });
  return refusals.map((found, i) => found ?? (folders.has(paths[i]) ? refusal(paths[i], 'it is both a file and a folder') : null));
}

const refusal = (path, why) => `the name '${shownName(path)}' is refused: ${why}`;

function refusePath(path) {
  if (typeof path !== 'string' || path.length === 0) return 'it is empty';
  if (path.length > MAX_PATH_LENGTH) return `it is longer than ${MAX_PATH_LENGTH} characters`;
  const components = path.split('/');
  if (components.length > MAX_DEPTH) return `it has more than ${MAX_DEPTH} levels`;
  for (const component of components) {
    if (component.length === 0) return "it has an empty part (a path must be relative, without '//' or a '/' at an end)";
    if (component === '.' || component === '..') return 'it leaves its folder';
    if (component.includes('\\')) return 'it has a backslash';
    if (/^[a-z]:/i.test(component)) return 'it names a drive or a stream';
    if (CONTROL.test(component)) return 'it has a control character';
    if (/\p{Cs}/u.test(component)) return 'it is not valid Unicode';
    if (new TextEncoder().encode(component).length > MAX_COMPONENT_BYTES) return `a part is longer than ${MAX_COMPONENT_BYTES} bytes`;
  }
  return null;
}

// What a browser is asked to save the file as: its last part.
export const downloadName = path => ordinaryName(path.slice(path.lastIndexOf('/') + 1));

// The components under which the file is saved below a folder.
export const savePath = path => path.split('/').map(ordinaryName);

// The name with a number before its extension.
export function numberedName(name, number) {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? `${name.slice(0, dot)} (${number})${name.slice(dot)}` : `${name} (${number})`;
}

// A name that is ordinary on every platform, and never '.' or '..'.
function ordinaryName(component) {
  let name = component.replace(INVISIBLE, '_').replace(/[<>:"/\\|?*]/g, '_').replace(/[. ]+$/, '');
  if (name.length > MAX_DOWNLOAD_NAME) {
    const dot = name.lastIndexOf('.');
    const extension = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : '';
    name = [...name].slice(0, MAX_DOWNLOAD_NAME - extension.length).join('') + extension;
  }
  return name.length === 0 ? 'file' : DEVICE.test(name) ? `_${name}` : name;
}
