"use strict"; // swaps in what changed, sends forms without leaving the page, shows times in the reader's own zone
(() => {
  const main = document.getElementById("main");
  const toasts = document.getElementById("toast");
  const messages = document.getElementById("messages");
  const html = (text) => {
    const template = document.createElement("template");
    template.innerHTML = text;
    return template.content;
  };

  const localTimes = (root) => {
    for (const time of root.querySelectorAll("time.local:not([data-utc])")) {
      const at = new Date(time.dateTime);
      time.dataset.utc = time.title = time.textContent;
      const day = at.toDateString() === new Date().toDateString() ? {} : { month: "2-digit", day: "2-digit" };
      const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
      time.textContent = at.toLocaleString(document.documentElement.lang, { ...day, ...clock });
    }
  };

  const toast = (tone, text, where) => {
    const line = document.createElement("p");
    line.className = `toast toast-${tone}`;
    line.textContent = ({ ok: "✓ ", refused: "✕ " }[tone] || "· ") + text;
    (where || toasts).replaceChildren(line);
    if (tone !== "refused") setTimeout(() => line.remove(), 30000);
  };

  const keyOf = (field) => {
    const form = field.form;
    const mark = form && form.elements.action ? form.elements.action.value : "";
    return `${mark}/${field.name}`;
  };
  const typedIn = (root) =>
    [...root.querySelectorAll("input:not([type=hidden]), textarea")].filter((field) => field.value !== field.defaultValue);

  // What a person opened, typed or stands on survives the swap; a form that is being typed into is left alone.
  const swap = (old, fresh) => {
    const open = new Map([...old.querySelectorAll("details")].map((fold) => [fold.querySelector("summary").textContent, fold.open]));
    const typed = new Map(typedIn(old).map((field) => [keyOf(field), field.value]));
    const active = old.contains(document.activeElement) ? document.activeElement : null;
    const held = active && active.closest("form");
    const label = held && active.type === "submit" ? [...old.querySelectorAll("form")].indexOf(held) : -1;
    const name = active && active.name ? keyOf(active) : "";
    old.replaceChildren(...fresh.childNodes);
    for (const fold of old.querySelectorAll("details")) {
      const before = open.get(fold.querySelector("summary").textContent);
      if (before !== undefined) fold.open = before;
    }
    for (const field of old.querySelectorAll("input:not([type=hidden]), textarea")) {
      if (typed.has(keyOf(field))) field.value = typed.get(keyOf(field));
      if (name && keyOf(field) === name) field.focus();
    }
    if (label >= 0 && old.querySelectorAll("form")[label]) old.querySelectorAll("form button")[label].focus();
    localTimes(old);
  };

  const take = (told) => {
    const fresh = html(told.html).firstElementChild;
    const old = document.getElementById(fresh.id);
    if (told.status && document.getElementById("status")) document.getElementById("status").replaceWith(html(told.status));
    if (old) {
      if (Number(old.dataset.revision) > Number(fresh.dataset.revision)) return;
      old.dataset.revision = fresh.dataset.revision;
      return swap(old.querySelector(".swap"), fresh.querySelector(".swap"));
    }
    localTimes(fresh);
    document.getElementById("empty")?.remove();
    const atEnd = innerHeight + scrollY > document.body.scrollHeight - 240;
    if (main.dataset.order === "newest-first") return messages.prepend(fresh);
    messages.append(fresh);
    if (atEnd) fresh.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  };

  const listen = () => {
    const stream = new EventSource(main.dataset.stream);
    let lost = 0;
    stream.onopen = () => { clearTimeout(lost); lost = 0; document.body.classList.remove("offline"); };
    stream.onmessage = (event) => take(JSON.parse(event.data));
    stream.onerror = () => {
      if (!lost) lost = setTimeout(() => document.body.classList.add("offline"), 3000);
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
    };
    addEventListener("pagehide", () => stream.close(), { once: true });
  };

  const refresh = async () => {
    const busy = document.querySelector(".answer form") || typedIn(main).length;
    if (!document.hidden && !busy) {
      try {
        const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
        if (answer.ok) {
          const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
          const shown = [...main.querySelectorAll(".answer")].map((place) => [...place.childNodes]);
          swap(main, fresh);
          [...main.querySelectorAll(".answer")].forEach((place, at) => place.replaceChildren(...(shown[at] || [])));
        }
        document.body.classList.toggle("offline", !answer.ok);
      } catch { document.body.classList.add("offline"); }
    }
    setTimeout(refresh, Number(main.dataset.refresh) * 1000);
  };

  const show = (form, place, told) => {
    if (form.elements.id && told.next) form.elements.id.value = told.next;
    const inPlace = place.contains(form);
    if (told.html) {
      const close = Object.assign(document.createElement("button"), { type: "button", className: "quiet-button close", textContent: main.dataset.cancel });
      close.onclick = () => place.replaceChildren();
      place.replaceChildren(html(told.html), close);
      localTimes(place);
      (place.querySelector("form.ask input:not([type=hidden]), form.ask textarea, form.ask select, form.ask button") || close).focus();
      if (told.text) place.prepend(html("<div></div>").firstElementChild), toast(told.tone, told.text, place.firstElementChild);
    } else if (inPlace && told.tone === "refused") {
      const line = place.querySelector(".form-answer") || Object.assign(document.createElement("div"), { className: "form-answer" });
      form.append(line);
      toast(told.tone, told.text, line);
    } else if (told.text) toast(told.tone, told.text, place);
    if (form.getAttribute("id") === "composer" && told.tone !== "refused") form.reset();
  };

  // A form has fields named "id" and "action", which hide its own properties of those names: ask for attributes.
  const send = async (form, button) => {
    if (form.dataset.sending) return;
    form.dataset.sending = "yes";
    const place = (form.closest(".message, .composer") || document).querySelector(".answer") || toasts;
    const body = new URLSearchParams(new FormData(form));
    button?.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { Accept: "application/json" } });
      show(form, place, await answer.json());
    } catch { toast("refused", main.dataset.failed, place); }
    button?.removeAttribute("aria-busy");
    delete form.dataset.sending;
  };

  document.addEventListener("submit", (event) => {
    if (!/^\/(act|send|say)$/.test(event.target.getAttribute("action"))) return;
    event.preventDefault();
    send(event.target, event.submitter);
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.id === "say" && event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (typing) { event.preventDefault(); event.target.form.requestSubmit(); }
  });
  localTimes(document);
  if (main.dataset.stream) listen();
  if (main.dataset.refresh) refresh();
})();
