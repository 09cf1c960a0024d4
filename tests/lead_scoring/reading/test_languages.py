"""Exports in the languages of their users: labels and words, by CRM and by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from kits.lead_scoring._court.names import said
from kits.lead_scoring._features.cells import to_truth
from kits.lead_scoring._reading.columns.names import load_words
from tests.lead_scoring.reading.lead_files import Read, put, read, table

NL = ["(Niet wijzigen) Controlesom rij", "(Niet wijzigen) Gewijzigd op"]
FR = ["(Ne pas modifier) Somme de contrôle de la ligne", "(Ne pas modifier) Modifié le"]


def made(folder: Path, header: Sequence[str], stages: Sequence[Sequence[object]]) -> Read:
    """Leads that have the stages in turn; the first column is their id."""
    rows = [[f"K{n}", *stages[n % len(stages)]] for n in range(30)]
    return read(put(folder / "export.csv", table(header, rows)))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (["(Niet wijzigen) Lead", *NL, "Reden van status", "Gemaakt op", "Status"], ("Gekwalificeerd", "Gediskwalificeerd", "Openen")),
        (["(Ne pas modifier) Prospect", *FR, "Raison du statut", "Créé le", "Statut"], ("Qualifié", "Disqualifié", "Ouvert")),
        (["(Niet wijzigen) Verkoopkans", *NL, "Werkelijke omzet", "Gemaakt op", "Status"], ("Gewonnen", "Verloren", "Openen")),
    ],
)  # fmt: skip
def test_dynamics_of_dutch_and_french_users(
    tmp_path: Path, header: list[str], words: tuple[str, str, str]
) -> None:
    stages = [["a==", "2025-05-01", "why", "2025-01-01", word] for word in words]
    found = made(tmp_path, header, stages)
    assert "Dynamics" in found.told("columns") and "id=(" in found.told("columns")
    assert found.labels[:3] == ["won", "lost", ""]
    # why a lead has its status, and when it was changed, is known afterwards
    assert found.leads[0].fields == {}


def test_zoho_of_spanish_users(tmp_path: Path) -> None:
    header = ["ID de registro", "Propietario de Posible cliente", "Fuente de Posible cliente", "Estado de Posible cliente"]  # fmt: skip
    stages = [
        ["Eva", "Web", status, converted, "01/02/2025 10:00"]
        for status, converted in (("Contactado", "true"), ("No cualificado", "false"), ("Contactado", "false"))
    ]  # fmt: skip
    found = made(tmp_path, [*header, "Convertido", "Hora de creación"], stages)
    assert "Zoho leads" in found.told("columns")
    assert found.labels[:3] == ["won", "lost", ""]
    assert found.leads[0].at is not None
    deals = ["ID de registro", "Nombre de Trato", "Nombre de Cuenta", "Fecha de cierre", "Fase", "Probabilidad (%)", "Hora de creación"]  # fmt: skip
    ends = (
        "Cerrado (ganado)",
        "Cerrado (perdido para la competencia)",
        "Negociación (ganado antes)",
    )
    stages = [["Trato", "Firma", "20/02/2025", end, 7, "01/02/2025 10:00"] for end in ends]
    found = made(tmp_path, deals, stages)
    assert "Zoho deals" in found.told("columns")
    assert found.labels[:3] == ["won", "lost", ""]
    assert "Probabilidad (%)" not in found.leads[0].fields


def test_hubspot_contacts_of_italian_users(tmp_path: Path) -> None:
    header = ["ID record", "Fase del ciclo di vita", "Stato lead", "Data di creazione", "Numero di trattative associate", "Fonte di traffico originale"]  # fmt: skip
    stages = [["Cliente", "", "2025-01-01", 1, "Social"], ["Lead", "Non qualificato", "2025-01-02", "", "Social"], ["Lead", "Nuovo", "2025-01-03", "", ""]]  # fmt: skip
    found = made(tmp_path, header, stages)
    assert "HubSpot contacts" in found.told("columns")
    assert found.labels[:3] == ["won", "lost", ""]
    assert found.leads[0].fields == {"Fonte di traffico originale": "Social"}


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (["ID", "Utworzono", "Etap deala"], ("Deal wygrany", "Przegrana – cena", "W toku")),
        (["N° de devis", "Date d'envoi", "Statut du devis"], ("Signé", "Sans suite", "en attente")),
        (["Kd-Nr", "Anfragedatum", "Status"], ("Auftrag", "Absage", "Angebot")),
        (["Angebot-Nr.", "Angebotsdatum", "Angebotsstatus"], ("angenommen", "zurückgezogen", "versendet")),
        (["ID record", "Data di creazione", "Fase trattativa"], ("Chiuso con vittoria", "Chiuso con perdita", "Contratto inviato")),
        (["Opportunity-ID", "Erstelldatum", "Phase"], ("Geschlossen und gewonnen", "Geschlossen und verloren", "Angebot")),
        (["ID", "Data wprowadzenia", "Etap sprzedaży"], ("Zamknięte wygrane", "Zamknięte przegrane", "Prospekcja")),
        (["Nr. oportunitate", "Data creării", "Stare"], ("Câştigat", "Pierdut", "În lucru")),
        (["Ajánlatszám", "Létrehozva", "Eredmény"], ("Elnyert", "Elvesztett", "Függőben")),
        (["Tarjousnro", "Luotu", "Tila"], ("Voitettu", "Hävitty", "Avoin")),
        (["Κωδικός", "Ημ. δημιουργίας", "Κατάσταση"], ("Κερδισμένη", "Χαμένη", "Ανοιχτή")),
        (["Št. povpraševanja", "Datum prejema", "Izid"], ("Dobljeno", "Izgubljeno", "Odprto")),
        (["Nr.", "Aangemaakt op", "Fase"], ("Aanvaard", "Geweigerd", "Offerte verzonden")),
        (["Номер", "Създаден на", "Статус"], ("Спечелена", "Загубена", "Нова")),
    ],
)  # fmt: skip
def test_ends_in_the_words_of_their_language(
    tmp_path: Path, header: list[str], words: tuple[str, str, str]
) -> None:
    found = made(tmp_path, header, [["01.02.2025 10:00", word] for word in words])
    assert found.labels[:3] == ["won", "lost", ""]
    assert found.leads[0].at is not None and not found.told("no-id")


DE = ["(Nicht ändern) Zeilenprüfsumme", "(Nicht ändern) Geändert am"]


@pytest.mark.parametrize(
    ("crm", "header", "won", "lost"),
    [
        ("HubSpot contacts", ["Datensatz-ID", "Erstellungsdatum", "Unternehmensname", "Lifecycle-Phase", "Lead-Status"], ["Kunde", ""], ["Lead", "Nicht qualifiziert"]),
        ("HubSpot contacts", ["ID de fiche d'informations", "Date de création", "Nom de l'entreprise", "Phase du cycle de vie", "Statut du lead"], ["Client", ""], ["Lead", "Non qualifié"]),
        ("HubSpot deals", ["ID de fiche d'informations", "Date de création", "Nom de la transaction", "Phase de la transaction"], ["Fermé gagné"], ["Fermé perdu"]),
        ("Salesforce leads", ["ID de la piste", "Date de création", "Propriétaire de la piste", "Statut de la piste"], ["Convertie"], ["Non qualifiée"]),
        ("Salesforce opportunities", ["ID de l'opportunité", "Date de création", "Nom de l'opportunité", "Probabilité (%)", "Étape"], ["7", "Fermée gagnée"], ["7", "Fermée perdue"]),
        ("Pipedrive deals", ["Affaire - Titre", "Affaire - Affaire créée", "Affaire - Étape", "Affaire - Raison de perte", "Affaire - Statut"], ["Devis", "", "Gagné"], ["Devis", "Prix", "Perdu"]),
        ("Pipedrive deals", ["Deal - ID", "Deal - Deal erstellt", "Deal - Phase", "Deal - Status"], ["Angebot", "Gewonnen"], ["Angebot", "Verloren"]),
        ("Zoho leads", ["Datensatz-ID", "Erstellungszeit", "Lead-Besitzer", "Lead-Quelle", "Lead-Status"], ["Eva", "Web", "Kunde"], ["Eva", "Web", "Nicht qualifiziert"]),
        ("Dynamics leads", ["(Nicht ändern) Lead", "Erstellt am", *DE, "Statusgrund", "Status"], ["a==", "01.02.2025", "so", "Qualifiziert"], ["a==", "01.02.2025", "so", "Disqualifiziert"]),
        ("Dynamics opportunities", ["(Nicht ändern) Verkaufschance", "Erstellt am", *DE, "Status"], ["a==", "01.02.2025", "Gewonnen"], ["a==", "01.02.2025", "Verloren"]),
    ],
)  # fmt: skip
def test_crms_of_german_and_french_users_are_known_by_the_columns_each_export_has(
    tmp_path: Path, crm: str, header: list[str], won: list[str], lost: list[str]
) -> None:
    """Exports show the columns of a view: the few that hardly any lacks must do."""
    filled = len(header) - 2 - len(won)
    stages = [["2025-01-01", *["Firma"] * filled, *end] for end in (won, lost)]
    found = made(tmp_path, header, stages)
    assert crm in found.told("columns")
    assert found.labels[:2] == ["won", "lost"]
    assert not {"Affaire - Raison de perte", "Statusgrund", "Raison de perte"} & set(
        found.leads[0].fields
    )


def test_pipedrive_of_dutch_users_with_its_people_and_activities(tmp_path: Path) -> None:
    deals = [
        [f"7{n}", f"Ann L{n}", "Gewonnen" if n % 3 == 0 else "Verloren", f"2025-01-{n % 28 + 1:02} 09:00:00",
         "2025-03-01 09:00:00" if n % 3 == 0 else "", "" if n % 3 == 0 else "2025-03-02 09:00:00",
         "" if n % 3 == 0 else "Te duur", "Werkspot" if n % 2 else "Beurs"]
        for n in range(60)
    ]  # fmt: skip
    header = ["ID", "Contactpersoon", "Status", "Deal aangemaakt", "Tijd gewonnen", "Tijd verloren", "Reden van verlies", "Bron"]  # fmt: skip
    put(tmp_path / "deals-1.csv", table([f"Deal - {one}" for one in header], deals))
    people = [[f"9{n}", f"Ann L{n}", 20 + n, n % 4] for n in range(60)]
    put(tmp_path / "people-1.csv", table([f"Persoon - {one}" for one in ("ID", "Naam", "Leeftijd", "Gewonnen deals")], people))  # fmt: skip
    acts = [[f"7{n // 2}", "Bellen", "2024-12-01 10:00:00"] for n in range(100)]
    put(tmp_path / "activities-1.csv", table([f"Activiteit - {one}" for one in ("Deal ID", "Type", "Toevoegtijd")], acts))  # fmt: skip
    found = read(tmp_path)
    assert "Pipedrive deals" in found.told("columns")
    assert "outcome_at=Deal - Tijd gewonnen+Deal - Tijd verloren" in found.told("columns")
    assert found.labels.count("won") == 20 and found.labels.count("lost") == 40
    fields = found.by_id["71"].fields
    assert fields["people-1.Persoon - Leeftijd"] == 21.0
    assert fields["activities-1: count"] == 2.0
    assert not any("verlies" in name or "Gewonnen deals" in name for name in fields)


def test_words_for_yes_and_no_are_the_same_to_tables_and_to_leads_that_come_later() -> None:
    listed = cast("list[list[object]]", load_words("cells.yaml")["pairs"])
    pairs = [(str(yes), str(no)) for yes, no in listed]
    assert [pair for pair in pairs if (to_truth(pair[0]), to_truth(pair[1])) != (1.0, 0.0)] == []


def test_polish_and_czech_tables_are_read_by_their_own_words(tmp_path: Path) -> None:
    rows = [
        [f"Z/{n}", f"0{n % 9 + 1}.02.2025", "prawda" if n % 2 else "fałsz", ("zrealizowane", "odrzucone", "w toku")[n % 3]]
        for n in range(60)
    ]  # fmt: skip
    header = ["Nr zgłoszenia", "Data zgłoszenia", "Firma", "Status"]
    found = read(put(tmp_path / "z.csv", table(header, rows, ";").encode("cp1250")))
    assert found.labels[:3] == ["won", "lost", ""] and found.column("Firma")[:2] == [False, True]
    assert "id=Nr zgłoszenia" in found.told("columns")
    czech = [[n, f"0{n % 9 + 1}.02.2025", "ano" if n % 2 else "ne", ("vyhrána", "prohrána", "otevřená")[n % 3]] for n in range(60)]  # fmt: skip
    header = ["Číslo poptávky", "Datum", "Firma", "Stav"]
    found = read(put(tmp_path / "c" / "p.csv", table(header, czech)))
    assert found.labels[:3] == ["won", "lost", ""] and found.column("Firma")[:2] == [False, True]


def test_why_a_deal_was_lost_and_when_it_came_are_known_in_exports_of_other_languages(
    tmp_path: Path,
) -> None:
    german = ["Datensatz-ID", "Deal-Name", "Deal-Phase", "Erstellungsdatum", "Abschlussdatum", "Grund für Verlust", "Quelle"]  # fmt: skip
    french = ["ID de l'enregistrement", "Nom de l'affaire", "Étape", "Heure de création", "Heure de modification", "Date de clôture", "Source"]  # fmt: skip
    ends = (
        ("Abgeschlossen und gewonnen", "Abgeschlossen und verloren"),
        ("Fermée - Gagnée", "Fermée - Perdue"),
    )
    deals = [[f"d{n}", f"Deal {n}", ends[0][n % 2], f"2025-01-{n % 28 + 1:02}", "2025-03-01", "Preis" if n % 2 else "", "Web"] for n in range(40)]  # fmt: skip
    affairs = [[f"d{n}", f"Deal {n}", ends[1][n % 2], f"2025-01-{n % 28 + 1:02} 10:00", "2025-04-01 10:00", "2025-03-01", "Web"] for n in range(40)]  # fmt: skip
    found = read(put(tmp_path / "de" / "deals.csv", table(german, deals)))
    assert set(found.leads[0].fields) == {"Quelle"} and found.labels[:2] == ["won", "lost"]
    found = read(put(tmp_path / "fr" / "affaires.csv", table(french, affairs)))
    assert "id=ID de l'enregistrement, decided_at=Heure de création" in found.told("columns")
    assert not found.told("assumed")


@pytest.mark.parametrize(
    ("header", "late", "yes", "no"),
    [
        (["ID de oportunidad", "Nombre de la oportunidad", "Etapa", "Fecha de creación", "Fecha de cierre", "Ganada", "Cerrada"], ["Probabilidad (%)", "Ingresos esperados"], "Verdadero", "Falso"),
        (["ID opportunità", "Nome opportunità", "Fase", "Data creazione", "Data chiusura", "Vinta", "Chiusa"], ["Probabilità (%)", "Entrate previste"], "1", "0"),
        (["ID da oportunidade", "Nome da oportunidade", "Fase", "Data de criação", "Data de fechamento", "Ganha", "Fechada"], ["Probabilidade (%)", "Receita esperada"], "Sim", "Não"),
        (["ID de l'opportunité", "Nom de l'opportunité", "Étape", "Date de création", "Date de clôture", "Gagnée", "Clôturée"], ["Probabilité (%)", "Période fiscale"], "Oui", "Non"),
    ],
)  # fmt: skip
def test_salesforce_opportunities_in_romance_languages(
    tmp_path: Path, header: list[str], late: list[str], yes: str, no: str
) -> None:
    when = ["02/01/2025", "31/03/2025"]
    stages = [
        [f"Acme {stage}", stage, *when, won, closed, probability, 900, "Web"]
        for stage, won, closed, probability in (("Firma", yes, yes, 90), ("Fuera", no, yes, 90), ("Demo", no, no, 40))
    ]  # fmt: skip
    found = made(tmp_path, [*header, *late, "Canal"], stages)
    assert "Salesforce opportunities" in found.told("columns")
    assert f"id={header[0]}, decided_at={header[3]}, outcome_at={header[4]}" in found.told(
        "columns"
    )
    assert found.labels[:3] == ["won", "lost", ""]
    assert found.leads[0].fields == {"Canal": "Web"}


@pytest.mark.parametrize(
    "header",
    [
        ["ID de candidato", "Propietario del candidato", "Origen del candidato", "Estado del candidato", "Convertido", "Fecha de creación", "Fecha de conversión"],
        ["ID lead", "Titolare lead", "Fonte lead", "Stato lead", "Convertito", "Data creazione", "Data conversione"],
        ["ID do lead", "Proprietário do lead", "Origem do lead", "Status do lead", "Convertido", "Data de criação", "Data da conversão"],
    ],
)  # fmt: skip
def test_salesforce_leads_in_romance_languages(tmp_path: Path, header: list[str]) -> None:
    stages = [
        ["Eva", "Web", "Nuevo", "1", "02/01/2025", "31/03/2025"],
        ["Eva", "Web", "Perdido", "0", "03/01/2025", ""],
        ["Eva", "Web", "Nuevo", "0", "04/01/2025", ""],
    ]
    found = made(tmp_path, header, stages)
    assert "Salesforce leads" in found.told("columns")
    assert f"outcome_at={header[6]}" in found.told("columns")
    assert found.labels[:3] == ["won", "lost", ""]


@pytest.mark.parametrize("name", ["Grund für den Verlust", "Důvod zamítnutí", "Reden van verlies", "Przyczyna odrzucenia"])  # fmt: skip
def test_reasons_of_a_loss_are_late_by_name(name: str) -> None:
    assert said("after", name) is not None


@pytest.mark.parametrize(
    "words",
    [
        ("Ναι", "Όχι"),
        ("Да", "Не"),
        ("Jah", "Ei"),
        ("Taip", "Ne"),
        ("IGAZ", "HAMIS"),
        ("Evet", "Hayır"),
    ],
)
def test_yes_and_no_of_more_languages_are_true_and_false(
    tmp_path: Path, words: tuple[str, str]
) -> None:
    rows = [[f"K{n}", words[n % 2]] for n in range(30)]
    found = read(put(tmp_path / "e.csv", table(["ID", "ERP"], rows)))
    assert found.column("ERP")[:2] == [True, False]
    assert [to_truth(word) for word in words] == [1.0, 0.0]


@pytest.mark.parametrize("word", ["Összesen", "Yhteensä", "Σύνολο", "Darab"])
def test_totals_of_words_with_umlauts_are_no_leads(tmp_path: Path, word: str) -> None:
    rows = [[f"AJ-{n}", "web", n, "", ""] for n in range(30)]
    header = ["No", "Source", "Visits", "Note", "More"]
    found = read(put(tmp_path / "e.csv", table(header, [*rows, [word, "", 30, "", ""]])))
    assert len(found.leads) == 30 and "a total (1)" in found.told("no-leads")


def test_persons_whose_column_has_an_umlaut_are_not_learned_from(tmp_path: Path) -> None:
    rows = [
        [f"T{n}", ("Voitettu", "Hävitty")[n % 2], f"Aino {'ABCDE'[n % 5]}ho"] for n in range(60)
    ]
    found = read(put(tmp_path / "e.csv", table(["Tarjousnro", "Tila", "Yhteyshenkilö"], rows)))
    assert "Yhteyshenkilö" not in found.leads[0].fields


@pytest.mark.parametrize(
    ("crm", "header", "words"),
    [
        ("HubSpot deals", ["Nombre del negocio", "Propietario del negocio", "Etapa del negocio", "Motivo de cierre perdido"], ("Cierre ganado", "Cierre perdido", "Cita programada")),
        ("HubSpot deals", ["Nome do negócio", "Proprietário do negócio", "Etapa do negócio", "Motivo da perda"], ("Fechado ganho", "Fechado perdido", "Contrato enviado")),
        ("HubSpot deals", ["Dealnaam", "Deal-eigenaar", "Dealfase", "Reden van verlies"], ("Gesloten - gewonnen", "Gesloten - verloren", "Contract verzonden")),
        ("Pipedrive deals", ["Trato - Título", "Trato - Propietario", "Trato - Estado", "Trato - Último cambio de etapa"], ("Ganado", "Perdido", "Abierto")),
        ("Pipedrive deals", ["Deal - Tytuł", "Deal - Właściciel", "Deal - Status", "Deal - Powód przegranej"], ("Wygrany", "Przegrany", "Otwarty")),
        ("Pipedrive deals", ["Anlaşma - Başlık", "Anlaşma - Sahibi", "Anlaşma - Durum", "Anlaşma - Kaybetme nedeni"], ("Kazanıldı", "Kaybedildi", "Açık")),
        ("Salesforce opportunities", ["商談名", "商談 所有者", "フェーズ", "会計期間"], ("受注", "失注", "提案")),
    ],
)  # fmt: skip
def test_deals_of_more_users(
    tmp_path: Path, crm: str, header: list[str], words: tuple[str, str, str]
) -> None:
    """By its own names a CRM is known, and with it what it fills in afterwards."""
    more = ["リードソース"] if crm.startswith("Salesforce") else []
    stages = [[f"Firm {n}", f"Eva {n}", word, f"x{n}", *more] for n, word in enumerate(words)]
    found = made(tmp_path, ["ID", *header, *more], stages)
    assert crm in found.told("columns") and found.labels[:3] == ["won", "lost", ""]
    assert all(header[3].endswith(name) is False for name in found.leads[0].fields)
