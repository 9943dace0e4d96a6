// What reaches somebody who looks elsewhere: the title, the icon, notifications, a sound.

const TONE = 660;
const TONE_SECONDS = 0.12;
const MAX_SHOWN_COUNT = 99;

let audio;

export function showCount(count, title) {
  document.title = count > 0 ? `(${Math.min(count, MAX_SHOWN_COUNT)}) ${title}` : title;
  document.querySelector('link[rel=icon]').href = count > 0 ? 'goat-unread.svg' : 'goat.svg';
}

export const canAsk = () => 'Notification' in window && Notification.permission === 'default';

export const ask = () => Notification.requestPermission();

export function notify(title, body) {
  if (!('Notification' in window) || Notification.permission !== 'granted') return;
  try {
    const shown = new Notification(title, { body, icon: 'goat.svg', tag: 'egoat' });
    shown.onclick = () => { window.focus(); shown.close(); };
  } catch {
    // Phones allow it to service workers only.
  }
}

export function beep() {
  audio ??= new AudioContext();
  const [tone, volume] = [audio.createOscillator(), audio.createGain()];
  tone.frequency.value = TONE;
  volume.gain.value = 0.1;
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + TONE_SECONDS);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + TONE_SECONDS);
}
