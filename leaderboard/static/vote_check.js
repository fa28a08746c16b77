// A part of a second of work for each vote, done while the answers are read. SHA-256 is here because a browser offers
// its own only over https.
"use strict";
(() => {
  const PIECE = 500;
  const K = [];
  const START = [];
  const root = (value, power) => { const part = value ** power; return ((part - Math.floor(part)) * 2 ** 32) | 0; };
  for (let number = 2; K.length < 64; number += 1) {
    let prime = true;
    for (let part = 2; part * part <= number; part += 1) if (number % part === 0) { prime = false; break; }
    if (!prime) continue;
    if (START.length < 8) START.push(root(number, 1 / 2));
    K.push(root(number, 1 / 3));
  }
  const turn = (word, by) => (word >>> by) | (word << (32 - by));
  const words = new Int32Array(64);

  // The first word of SHA-256 of an ASCII text; enough for the zeros that are asked for.
  const firstWord = (text) => {
    const blocks = ((text.length + 8) >> 6) + 1;
    const data = new Int32Array(blocks * 16);
    for (let place = 0; place < text.length; place += 1) data[place >> 2] |= text.charCodeAt(place) << (24 - (place % 4) * 8);
    data[text.length >> 2] |= 0x80 << (24 - (text.length % 4) * 8);
    data[data.length - 1] = text.length * 8;
    const hash = Int32Array.from(START);
    for (let block = 0; block < data.length; block += 16) {
      let [a, b, c, d, e, f, g, h] = hash;
      for (let place = 0; place < 64; place += 1) {
        if (place < 16) words[place] = data[block + place];
        else {
          const low = words[place - 15], high = words[place - 2];
          words[place] = (turn(high, 17) ^ turn(high, 19) ^ (high >>> 10)) + words[place - 7]
            + (turn(low, 7) ^ turn(low, 18) ^ (low >>> 3)) + words[place - 16];
        }
        const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[place] + words[place]) | 0;
        const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
      }
      [a, b, c, d, e, f, g, h].forEach((word, place) => { hash[place] += word; });
    }
    return hash[0] >>> 0;
  };

  let last = { field: null, next: 0 };
  const work = (field, most) => {
    if (last.field !== field) last = { field, next: 0 };
    const room = 32 - Number(field.dataset.bits);
    for (let tries = 0; tries < most && !field.value; tries += 1, last.next += 1)
      if (firstWord(`${field.dataset.token}:${last.next}`) >>> room === 0) field.value = String(last.next);
  };
  const waiting = () => [...document.querySelectorAll("input[name=check][data-bits]")].find((field) => !field.value);
  const go = () => { const field = waiting(); if (field) { work(field, PIECE); setTimeout(go, 0); } };
  new MutationObserver(go).observe(document.body, { childList: true });
  document.addEventListener("submit", () => { const field = waiting(); if (field) work(field, Infinity); }, true);
  go();
})();
