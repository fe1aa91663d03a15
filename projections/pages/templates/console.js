"use strict";
// The console works without this script. It adds a slider over month ends, and refreshes a page
// whose figures are being computed.
(() => {
  const jour = document.getElementById("au");
  const zone = document.getElementById("curseur");
  if (jour && zone && zone.dataset.debut) {
    const fins = [];
    const [annee, mois] = zone.dataset.debut.split("-").map(Number);
    for (let rang = 0; rang < 1200; rang += 1) {
      const fin = new Date(Date.UTC(annee, mois + rang, 0)).toISOString().slice(0, 10);
      fins.push(fin);
      if (fin >= zone.dataset.fin) break;
    }
    const dire = (rang) => rang < fins.length ? fins[rang].split("-").reverse().join("/") : "";
    const curseur = document.createElement("input");
    const etiquette = document.createElement("label");
    curseur.type = "range";
    curseur.id = "mois";
    curseur.min = "0";
    curseur.max = String(fins.length); // after the last month end: no date, every fact
    const { au } = zone.dataset;
    const rang = au ? fins.findIndex((fin) => fin >= au) : fins.length;
    curseur.value = String(rang < 0 ? fins.length - 1 : rang);
    etiquette.htmlFor = "mois";
    etiquette.textContent = "Fin de mois";
    const montrer = (texte) => { curseur.setAttribute("aria-valuetext", texte || "toutes dates"); };
    montrer(au && au.split("-").reverse().join("/")); // the date of the page may be no month end
    curseur.addEventListener("input", () => {
      jour.value = dire(Number(curseur.value));
      montrer(jour.value);
    });
    let clavier = false;
    curseur.addEventListener("keydown", () => { clavier = true; });
    curseur.addEventListener("pointerdown", () => { clavier = false; });
    // with a keyboard each step is a change: the button decides
    curseur.addEventListener("change", () => { if (!clavier) jour.form.requestSubmit(); });
    zone.append(etiquette, curseur);
    zone.hidden = false;
  }
  const attente = document.getElementById("attente");
  if (attente) {
    const debut = Date.now();
    const depart = Number(attente.dataset.fait);
    const estimer = ({ fait, total }) => { // "environ 8 s", once it moved
      const reste = ((Date.now() - debut) * (total - fait)) / (fait - depart) / 1000;
      const zone = document.getElementById("reste");
      if (zone && Number(fait) > depart) zone.textContent = `, encore ${Math.ceil(reste)} s environ`;
    };
    const voir = async () => {
      const headers = { Prefer: "respond-async" }; // tells at once how far it is
      const tete = await fetch(location.href, { method: "HEAD", headers });
      if (tete.headers.has("content-disposition")) {
        attente.textContent = "Le fichier est prêt : il se télécharge.";
        location.assign(location.href);
        return;
      }
      if (tete.status !== 202) { location.reload(); return; }
      const reponse = await fetch(location.href, { headers });
      const page = new DOMParser().parseFromString(await reponse.text(), "text/html");
      const neuf = page.getElementById("attente");
      if (neuf) { attente.replaceChildren(...neuf.childNodes); estimer(neuf.dataset); }
      setTimeout(voir, 1000);
    };
    setTimeout(voir, 1000);
  }
})();
