// A small picture of an image, drawn from its pixels: nothing of the file is given to the document.

const IMAGE = /\.(png|jpe?g|gif|webp|avif|bmp)$/i;
const MAX_LENGTH = 64 * 1024 * 1024;
const SIZE = 900;
const KINDS = [
  ['image', IMAGE], ['video', /\.(mp4|webm|mov|mkv|avi)$/i], ['audio', /\.(mp3|ogg|opus|flac|wav|m4a|aac)$/i], ['archive', /\.(zip|tar|gz|tgz|xz|zst|7z|rar|bz2|iso)$/i],
];

export const kindOf = path => KINDS.find(([, pattern]) => pattern.test(path))?.[0] ?? 'file';

export const isImage = path => IMAGE.test(path);

// Null when it is none that can be shown.
export async function thumbnail(content) {
  if (!content || content.size > MAX_LENGTH) return null;
  let bitmap;
  try {
    bitmap = await createImageBitmap(content);
  } catch {
    return null;
  }
  const scale = Math.min(1, SIZE / bitmap.width, SIZE / bitmap.height);
  const canvas = document.createElement('canvas');
  canvas.className = 'thumbnail';
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}
