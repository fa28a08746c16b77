// Keys for voting. The page works without this file; keys are ignored inside fields and can be turned off.
"use strict";
(() => {
  const help = document.getElementById("keys");
  const toggle = document.getElementById("keys-on");
  if (!help || !toggle) return;
  const SLOT = "touchstone-keys";
  const stored = () => { try { return localStorage.getItem(SLOT); } catch { return null; } };
  const store = (value) => { try { localStorage.setItem(SLOT, value); } catch { /* private mode */ } };
  help.hidden = false;
  toggle.checked = stored() !== "off";
  toggle.addEventListener("change", () => store(toggle.checked ? "on" : "off"));

  const typing = (target) => target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName)
    || (target.tagName === "INPUT" && !["checkbox", "button", "submit"].includes(target.type));
  let sent = false;
  document.addEventListener("keydown", (event) => {
    if (!toggle.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
    if (event.key === "?") { help.open = !help.open; return; }
    const wanted = event.key.toUpperCase();
    const found = [...document.querySelectorAll("[data-key]")].find((item) => item.dataset.key === wanted);
    if (!found || sent) return;
    event.preventDefault();
    sent = true;
    found.click();
  });
  window.addEventListener("pageshow", () => { sent = false; });
})();
