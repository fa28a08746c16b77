// Voting: keys, long answers, time in sight, and the next pair fetched ahead. The page works without this file.
"use strict";
(() => {
  const SLOT = "touchstone-keys";
  const stored = () => { try { return localStorage.getItem(SLOT); } catch { return null; } };
  const store = (value) => { try { localStorage.setItem(SLOT, value); } catch { /* private mode */ } };
  let sent = false;
  let seen = { since: 0, total: 0 };
  let before = null;

  const typing = (target) => target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName)
    || (target.tagName === "INPUT" && !["checkbox", "button", "submit"].includes(target.type));

  // The help may be far below: it comes into view with the focus, which goes back where it was when the help closes.
  const turn = (help) => {
    help.open = !help.open;
    if (help.open) {
      before = document.activeElement;
      help.querySelector("summary").focus();
      help.scrollIntoView({ block: "nearest" });
    } else if (help.contains(document.activeElement)) before?.focus();
  };

  document.addEventListener("keydown", (event) => {
    const help = document.getElementById("keys");
    if (!help || !document.getElementById("keys-on").checked) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
    if (event.key === "?") { turn(help); return; }
    const wanted = event.key.toUpperCase();
    const found = [...document.querySelectorAll("[data-key]")].find((item) => item.dataset.key === wanted);
    if (!found || sent) return;
    event.preventDefault();
    found.click();
  });

  // Time in sight: only while this page is on the screen.
  const count = () => {
    const now = performance.now();
    if (seen.since) seen.total += now - seen.since;
    seen.since = document.visibilityState === "visible" ? now : 0;
  };
  document.addEventListener("visibilitychange", count);

  // Without a network the browser would put its own page in place of this one.
  const offline = () => {
    const told = document.getElementById("offline");
    if (told) told.hidden = navigator.onLine;
    if (!navigator.onLine) told?.scrollIntoView({ block: "nearest" });
    return !navigator.onLine;
  };
  window.addEventListener("online", offline);

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("#ballot, .undo")) return;
    if (sent || offline()) { event.preventDefault(); return; }
    sent = true;
    const field = event.target.elements.visible;
    if (field) { count(); field.value = (seen.total / 1000).toFixed(2); }
  });

  // Long answers fade where they are cut. Opening them is kept with the vote, even where they are closed again.
  const fade = () => {
    const panes = [...document.querySelectorAll(".level > section")];
    for (const pane of panes) pane.classList.toggle("cut", pane.scrollHeight - pane.clientHeight - pane.scrollTop > 2);
    const expand = document.getElementById("expand");
    if (expand) expand.closest(".expand").hidden = !expand.checked && !panes.some((pane) => pane.scrollHeight - pane.clientHeight > 2);
  };
  const expanding = () => {
    const expand = document.getElementById("expand");
    for (const pane of document.querySelectorAll(".level > section")) pane.addEventListener("scroll", fade, { passive: true });
    expand?.addEventListener("change", () => {
      if (!document.querySelector("input[type=hidden][name=expanded]"))
        expand.form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "expanded", value: "1" }));
      fade();
    });
    fade();
  };
  window.addEventListener("resize", fade);

  // On a phone the answers lie side by side; the tab of the one in sight is marked.
  const tabs = () => {
    const found = [...document.querySelectorAll(".tabs a")];
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const tab = found.find((link) => link.hash === `#${entry.target.id}`);
        if (!tab) continue;
        if (entry.isIntersecting) tab.setAttribute("aria-current", "true"); else tab.removeAttribute("aria-current");
      }
    }, { threshold: 0.6 });
    for (const pane of document.querySelectorAll(".level > section")) watch.observe(pane);
    for (const tab of found) tab.addEventListener("click", (event) => {
      event.preventDefault();
      const pane = document.querySelector(tab.hash);
      pane.parentElement.scrollTo({ left: pane.offsetLeft - pane.parentElement.offsetLeft });
    });
  };

  // The next pair is fetched while the reveal is read, and shown at once when it is asked for.
  const show = (html, address) => {
    const next = new DOMParser().parseFromString(html, "text/html");
    const main = next.getElementById("main");
    if (!main) { location.assign(address); return; }
    document.title = next.title;
    document.getElementById("main").replaceWith(main);
    history.pushState({}, "", address);
    scrollTo(0, 0);
    start();
    document.querySelector("h1").focus({ preventScroll: true });
  };
  const ahead = () => {
    const link = document.querySelector("[data-ahead]");
    if (!link) return;
    const got = fetch(`${link.href}&ahead=1`).then((answer) => (answer.ok && !answer.redirected ? answer.text() : null)).catch(() => null);
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      sent = true;
      got.then((html) => {
        if (html) show(html, link.href);
        else if (offline()) sent = false;
        else location.assign(link.href);
      });
    });
  };
  const stamp = () => {
    const form = document.querySelector("form[data-stamp]");
    if (!form) return;
    const address = `${form.dataset.stamp}?${new URLSearchParams({ token: form.elements.token.value })}`;
    fetch(address).then((answer) => (answer.ok ? answer.text() : "")).then((text) => { form.elements.shown.value = text; }).catch(() => {});
  };

  // A vote is answered with its reveal at once. The reveal's own address takes the place of the form's, so that a reload
  // votes on nothing again.
  const atOnce = () => {
    const here = document.querySelector("[data-here]");
    if (here) history.replaceState({}, "", here.dataset.here);
    document.getElementById("ballot")?.append(Object.assign(document.createElement("input"), { type: "hidden", name: "at_once", value: "1" }));
  };

  const start = () => {
    sent = false;
    atOnce();
    seen = { since: document.visibilityState === "visible" ? performance.now() : 0, total: 0 };
    const help = document.getElementById("keys");
    const toggle = document.getElementById("keys-on");
    if (help && toggle) {
      help.hidden = false;
      toggle.checked = stored() !== "off";
      toggle.addEventListener("change", () => store(toggle.checked ? "on" : "off"));
    }
    expanding();
    tabs();
    ahead();
    stamp();
  };
  window.addEventListener("popstate", () => location.reload());
  window.addEventListener("pageshow", (event) => { sent = false; if (event.persisted) location.reload(); });
  start();
})();
