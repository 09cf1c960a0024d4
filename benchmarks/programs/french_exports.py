"""What CRMs export as a table, in French and Dutch."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported, money

_DAY, _TIME = "%d/%m/%Y", "%d/%m/%Y %H:%M"
_NARROW = "\u202f"


def _hubspot(d: Deal) -> Row:
    form = "%Y-%m-%d %H:%M"
    return {
        "ID de fiche d'informations": 17_000_000_000 + 37 * d.n, "Nom de la transaction": f"{d.firm} - devis",
        "Phase de la transaction": d.said("Fermé gagné", "Fermé perdu", "Rendez-vous planifié", "Contrat envoyé"),
        "Date de fermeture": cell(d.planned, form), "Propriétaire de la transaction": d.owner, "Montant": d.amount, "Pipeline": "Pipeline des ventes",
        "Date de création": cell(d.created, form), "Date de la dernière activité": cell(d.updated, form),
        "Motif de la perte": d.said("", "Prix", ""), "Probabilité de la transaction": d.said("1", "0", "0.4"),
        "Montant pondéré": d.said(d.amount, 0, d.amount * 0.4), "Source de trafic d'origine": d.source, "Nombre d'employés": d.employees,
    }  # fmt: skip


def _pipedrive(d: Deal) -> Row:
    won, lost = (d.closed if d.outcome == one else None for one in ("won", "lost"))
    return {
        "Affaire - ID": 40 + d.n, "Affaire - Titre": f"{d.firm} affaire", "Affaire - Organisation": d.firm,
        "Affaire - Personne à contacter": f"Kim Lee{d.n}", "Affaire - Valeur": d.amount, "Affaire - Devise de Valeur": "EUR",
        "Affaire - Étape": d.draw.choice(("Qualifiée", "Proposition faite", "Négociation")), "Affaire - Statut": d.said("Gagnée", "Perdue", "Ouverte"),
        "Affaire - Propriétaire": d.owner, "Affaire - Affaire créée": cell(d.created), "Affaire - Heure de mise à jour": cell(d.updated),
        "Affaire - Dernier changement d'étape": cell(d.closed or d.created), "Affaire - Heure du gain": cell(won), "Affaire - Heure de la perte": cell(lost),
        "Affaire - Affaire conclue le": cell(d.closed), "Affaire - Raison de la perte": d.said("", "Prix", ""),
        "Affaire - Activités terminées": d.draw.randrange(9), "Affaire - Source": d.source, "Affaire - Effectif": d.employees,
    }  # fmt: skip


def _odoo(d: Deal) -> Row:
    return {
        "ID externe": f"__export__.crm_lead_{d.n}_{d.n * 7919:08x}", "Opportunité": f"{d.firm} devis", "Nom du contact": f"Kim Lee{d.n}",
        "E-mail": d.mail, "Vendeur": d.owner, "Équipe commerciale": "Ventes", "Revenus espérés": f"{d.amount}.0",
        "Probabilité": d.said("100.0", "0.0", "37.5"), "Étape": d.said("Gagné", d.draw.choice(("Nouveau", "Proposition")), "Nouveau", "Proposition"),
        "Actif": d.said("True", "False", "True"), "Motif de perte": d.said("", "Trop cher", ""), "Créé le": cell(d.created),
        "Date de clôture": cell(d.closed), "Mis à jour le": cell(d.updated), "Source": d.source, "Effectif": d.employees,
    }  # fmt: skip


def _axonaut(d: Deal) -> Row:
    return {
        "Nom de l'opportunité": f"Offre {d.n}", "Société": d.firm, "Pipe": "Ventes", "Étape": d.draw.choice(("Contact", "Devis")),
        "Statut": d.said("Gagnée", "Perdue", "En cours"), "Montant": money(d.amount, " ", ","), "Probabilité": d.said("100", "0", "50"),
        "Date de création": cell(d.created, _DAY), "Date de fin": cell(d.closed, _DAY), "Échéance": cell(d.planned, _DAY), "Responsable": d.owner,
        "Origine": d.source, "Effectif": d.employees,
    }  # fmt: skip


def _sellsy(d: Deal) -> Row:
    return {
        "Numéro": f"OPP-{d.n:05d}", "Nom": f"Offre {d.n}", "Société": d.firm, "Pipeline": "Ventes", "Étape": d.draw.choice(("Qualification", "Proposition")),
        "Statut": d.said("Gagnée", "Perdue", "Ouverte", "En retard"), "Montant potentiel": f"{d.amount:,}".replace(",", _NARROW) + ",00 €", "Probabilité": d.said("100 %", "0 %", "50 %"),
        "Échéance": cell(d.planned, _DAY), "Source": d.source, "Assignée à": d.owner, "Créée le": cell(d.created, _TIME),
        "Dernière mise à jour": cell(d.updated, _TIME), "Effectif": d.employees,
    }  # fmt: skip


def _sellsy_quotes(d: Deal) -> Row:
    return {
        "Référence": f"D-2024{d.n:05d}", "Date": cell(d.created, _DAY), "Client": d.firm, "Objet": "Devis",
        "Statut": d.said(d.draw.choice(("Accepté", "Signé")), "Refusé", "Envoyé", "Brouillon"), "Montant HT": f"{d.amount},00",
        "Date d'expiration": cell(d.planned, _DAY), "Propriétaire": d.owner, "Origine": d.source, "Nombre de salariés": d.employees,
    }  # fmt: skip


def _nocrm(d: Deal) -> Row:
    return {
        "ID": 3_000 + 3 * d.n, "Lead": d.firm, "Utilisateur": d.owner, "Statut": d.said("Gagné", d.draw.choice(("Perdu", "Annulé")), "À faire", "Standby"),
        "Étape": d.draw.choice(("Appel", "Devis")), "Montant": d.amount, "Probabilité": d.said(100, 0, 50), "Date de clôture estimée": "",
        "Créé le": cell(d.created, _TIME), "Date de clôture": cell(d.closed, _TIME), "Dernière mise à jour": cell(d.updated, _TIME), "Source": d.source,
        "Taille de l'entreprise": d.employees,
    }  # fmt: skip


def _hubspot_dutch(d: Deal) -> Row:
    form = "%Y-%m-%d %H:%M"
    return {
        "Record-ID": 17_000_000_000 + 37 * d.n, "Dealnaam": f"{d.firm} - offerte", "Dealfase": d.said("Gesloten - gewonnen", "Gesloten - verloren", "Afspraak gepland", "Contract verzonden"),
        "Sluitingsdatum": cell(d.planned, form), "Deal-eigenaar": d.owner, "Bedrag": d.amount, "Pipeline": "Verkooppipeline",
        "Aanmaakdatum": cell(d.created, form), "Datum laatste activiteit": cell(d.updated, form), "Reden van verlies": d.said("", "Prijs", ""),
        "Bron": d.source, "Aantal medewerkers": d.employees,
    }  # fmt: skip


def _teamleader_dutch(d: Deal) -> Row:
    return {
        "Titel": f"Deal {d.n}", "Klant": d.firm, "Bedrag": f"{d.amount},00", "Valuta": "EUR", "Fase": d.said("Geaccepteerd", "Geweigerd", "Nieuw", "Offerte verzonden"),
        "Verantwoordelijke": d.owner, "Bron": d.source, "Aangemaakt op": cell(d.created, _DAY), "Afgesloten op": cell(d.closed, _DAY),
        "Reden van weigering": d.said("", "Prijs", ""), "Werknemers": d.employees,
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    exported("HubSpot deals export in French", _hubspot),
    exported("Pipedrive deals export in French", _pipedrive),
    exported("Odoo export in French", _odoo),
    exported("Axonaut export in French", _axonaut, delimiter=";", encoding="utf-8-sig"),
    exported("Sellsy opportunities in French", _sellsy, delimiter=";", encoding="utf-8-sig"),
    exported("Sellsy quotes in French", _sellsy_quotes, delimiter=";", encoding="cp1252", newest_first=True),
    exported("noCRM export in French", _nocrm, delimiter=";"),
    exported("HubSpot deals export in Dutch", _hubspot_dutch),
    exported("Teamleader export in Dutch", _teamleader_dutch, delimiter=";"),
)  # fmt: skip
