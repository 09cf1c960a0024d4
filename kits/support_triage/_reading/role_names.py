"""What columns of mails and tickets are called: names and words for each role, in the languages of those who write them.

Tables only; how a name counts is decided in `roles.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from kits.core.column_names import plain


def _names(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(plain(name) for name in names))


LABEL_NAMES = _names(
    "intent", "intents", "label", "labels", "category", "categories", "queue", "topic", "class", "target", "kategorie", "kategorien",
    "thema", "anliegen", "categorie", "categoria", "kategoria", "catégories", "categorías", "ticket_type", "casetypecode", "type", "department",
    "abteilung", "team", "assignment_group", "assigned_group", "support_group", "ticket_group", "bearbeitergruppe", "group", "gruppe", "groupe", "grupo",
    "gruppo", "product", "issue", "tag", "tags", "reason", "domain", "subcategory", "choices", "segments", "label_text", "flow", "components", "component", "issuetype", "cats", "categorization", "nature",
    "kategori", "категория", "tema", "stichwoerter", "schlagwoerter", "schlagworte", "etiquetas", "etichette", "trefwoorden", "mots_cles", "tipo", "typ",
    "warteschlange", "fachbereich", "sachgebiet", "rubrik", "rubrique", "file_d_attente", "wachtrij", "kolejka", "cola", "coda", "equipe", "equipo",
    "カテゴリ", "カテゴリー", "分類", "種別", "类别", "分类", "카테고리", "분류",
)  # fmt: skip
"""Best first; words of the name count too (`ticket_category`)."""
SURE_LABELS = frozenset(LABEL_NAMES[:8])
"""Names that mean the label even where its values hardly come again: a file of few rows and many intents."""
TEXT_NAMES = _names(
    "text", "body", "utterance", "message", "narrative", "detailed_description", "detailed_decription", "email", "mail", "content", "contents", "sentence", "query", "question",
    "description", "comment", "comentario", "commentaire", "commento", "kommentar", "review", "request", "nachricht", "inhalt", "texte", "mensaje", "testo", "instruction", "anfrage",
    "beschreibung", "corps", "cuerpo", "descripcion", "descrizione", "messaggio", "bericht", "omschrijving", "tresc", "opis", "wiadomosc",
    "mensagem", "descricao", "notes", "desc", "details", "beskrivning", "meddelande", "besked", "beskrivelse", "kuvaus",
    "zprava", "popis", "mesaj", "aciklama", "описание", "сообщение", "текст", "描述", "お問い合わせ内容", "問い合わせ内容", "内容", "本文", "メッセージ", "내용", "문의내용",
)  # fmt: skip
SUBJECT_NAMES = _names(
    "subject", "title", "betreff", "objet", "asunto", "assunto", "oggetto", "onderwerp", "temat", "predmet", "summary", "headline",
    "short_description", "ticket_name", "brief_description", "mail_subject", "titel", "titre", "titulo", "titolo", "tytul", "sujet", "aemne", "emne", "konu", "otsikko", "predmet", "тема", "件名", "タイトル",
    "主题", "标题", "제목",
)  # fmt: skip
NAMED = _names("name", "card_name", "task_name", "item_name")
"""What boards call the title of a card; elsewhere it is a person's name, which is shorter."""
NAMES: Mapping[str, tuple[str, ...]] = {
    "urgency": _names(
        "urgency", "priority", "severity", "dringlichkeit", "prioritaet", "prioritat", "prio", "urgence", "priorite", "gravite", "urgencia", "prioridad",
        "gravedad", "severidad", "criticidad", "prioridade", "urgenza", "priorita", "gravita", "urgentie", "prioriteit", "priorytet", "pilnosc",
        "prioritet", "prioriteetti", "nalehavost", "öncelik", "oncelik", "aciliyet", "срочность", "приоритет", "緊急度", "優先度", "紧急程度", "优先级", "긴급도", "우선순위",
        "criticality", "impact", "wichtigkeit", "importance",
    ),
    "sentiment": _names("sentiment", "polarity", "tone", "positive", "stimmung", "mood"),
    "language": _names("language", "lang", "locale", "sprache", "langue", "idioma", "lingua"),
    "date": _names(
        "date", "datetime", "created", "created_at", "timestamp", "received", "sent_at", "opened", "reported", "submitted", "datum",
        "erstellt", "erstellungszeit", "erstellungsdatum", "erstelldatum", "eingangsdatum", "eingang", "eingegangen", "empfangen", "gesendet", "creation", "recu", "envoye", "cree", "creado", "creacion",
        "recibido", "criado", "creato", "creazione", "ricevuto", "aangemaakt", "ontvangen", "utworzono", "createdon", "createdate",
        "create", "opening", "ouverture", "apertura", "utworzenia", "requested", "landed", "angefragt", "skapad", "oprettet", "opprettet", "vytvoreno", "abertura", "olusturulma", "создания", "создано", "дата", "zeitstempel", "horodateur", "fecha", "data", "time",
        "受付日時", "作成日時", "受信日時", "受付日", "日時", "创建时间", "접수일", "작성일",
    ),
    "group": _names(
        "issue_url", "issue_key", "issue_id", "issue_number", "thread", "thread_id", "conversation", "conversation_id", "customer", "customer_id", "user_id", "account_id",
        "client_id", "ticket", "ticket_id", "session_id", "kunde", "kundennummer", "group", "case_id",
        "case_number", "incident_id", "request_id", "ticket_number", "ticketnummer", "ticket_nr", "fallnummer", "vorgangsnummer", "vorgangs_id", "numero_ticket", "numero_de_ticket", "n_ticket",
    ),
    "id": _names(
        "id", "ticket_id", "message_id", "complaint_id", "case_id", "number", "ticketnummer", "fallnummer", "nr", "vorgangsnummer", "チケット番号",
    ),
    "sender": _names("from", "sender", "sender_email", "from_address", "email_address", "absender", "von"),
    "split": _names("split", "set", "partition", "subset", "fold_name"),
    "source": _names("source", "channel", "mailbox", "shop", "site", "quelle"),
    "entities": _names("entities", "slots", "spans", "annotations", "ner"),
    "entity_type": _names("entity_type", "entity", "entity_label", "slot", "slot_name"),
    "entity_start": _names("start_offset", "entity_start", "start", "begin", "span_start"),
    "entity_end": _names("end_offset", "entity_end", "end", "span_end"),
}  # fmt: skip
BY_A_WORD = frozenset({"urgency", "sentiment", "language", "id", "date"})
"""Roles whose name may be a part of a longer one (`complaint_id`); the others are too common words."""
SENDS = frozenset(_names(
    "email", "mail", "e", "from", "von", "sender", "absender", "requester", "requestor", "requesters", "requestors", "contact", "customer",
    "kunde", "reporter", "author", "handle", "de", "da", "van", "courriel", "correo", "mailadresse", "mailadres", "emailadres", "emailaddress",
    "suppliedemail", "post", "почта", "posta", "メールアドレス", "邮箱", "이메일",
))  # fmt: skip
"""Words of a column whose cells are addresses of who wrote."""
CUSTOMERS = SENDS - {"email", "mail", "e", "emailaddress", "mailadresse", "mailadres", "emailadres"}
"""Those of them that name a person."""
READS = frozenset({
    "to", "cc", "bcc", "an", "recipient", "assignee", "assigned", "agent", "owner", "responder", "admin", "empfaenger", "besitzer",
    "technician", "operator", "teammate", "updated",
})  # fmt: skip
"""Words of one whose cells are addresses of somebody else."""
RECEIVES = frozenset({"to", "cc", "bcc", "an", "para", "recipients"})
"""Those of whom a mail went to: they never wrote it."""
TICKETS = frozenset({
    "ticketid", "ticketnumber", "ticketno", "ticket", "conversationid", "conversation", "caseid", "casenumber", "case", "issueid", "issuenumber",
    "issuekey", "issue", "requestid", "parentid", "parentcaseid", "tn", "threadid", "thread", "incidentid", "incidentnumber", "incident",
    "ticketnummer", "ticketnr", "vorgangsnummer", "fallnummer", "vorgang", "numeroticket", "numerodeticket", "numerodelticket", "numerodoticket", "nticket", "noticket", "idticket", "iddeticket",
    "idticketu", "issueurl", "ticketurl", "vorgangsid", "ticketkennung",
})  # fmt: skip
"""What the number of a ticket is called where each row is something that was said of it; without signs."""
WRITES = frozenset({
    "author", "sender", "commenter", "writer", "poster", "login", "autor", "auteur", "autore", "verfasser", "absender", "ersteller", "expediteur",
    "remitente", "remetente", "mittente", "afzender", "nadawca", "creator", "submitted_by", "forfatter", "автор", "作成者", "差出人",
})  # fmt: skip
"""Words of a column that names who wrote a row."""
WRITES_WHOLE = frozenset({
    "from", "from_address", "from_email", "from_name", "user", "user_id", "user_name", "username", "user_email", "created_by", "created_by_id",
    "created_by_name", "written_by", "posted_by", "sent_by", "by", "von", "de", "da", "erstellt_von", "creado_por", "creato_da", "cree_par",
    "name", "email", "e_mail", "user_login", "from_address_email",
})  # fmt: skip
"""Such names as a whole; their words mean other things as well."""
ASKS = frozenset({
    "requester", "requestor", "requesters", "customer", "client", "contact", "reporter", "submitter", "kunde", "kundin", "melder", "antragsteller",
    "anforderer", "demandeur", "cliente", "solicitante", "richiedente", "klant", "aanvrager", "caller",
})  # fmt: skip
"""Words of a column that names who asked."""
WHOLE_LABELS = frozenset({"group", "gruppe", "groupe", "grupo", "gruppo"})
"""Names that mean a label by themselves alone: a help desk's `Group` does, a `Customer group` or an `Age group` does not."""
STATES = frozenset({"status", "state", "stage"})
"""Words of a column that tells how far a ticket got, whatever else is in its name."""
CODES = frozenset(
    {
        "id",
        "code",
        "key",
        "url",
        "uri",
        "uuid",
        "prefix",
        "slug",
        "color",
        "colour",
        "number",
        "self",
    }
)
"""Words of a column that tells the same as another one, but not for people."""
LATER = frozenset(_names(
    "by", "closed", "close", "closing", "resolved", "resolution", "solved", "completed", "completion", "updated", "update", "modified",
    "modify", "changed", "change", "due", "last", "latest", "first", "next", "response", "reply", "replied", "end", "assigned", "write",
    "von", "geschlossen", "geloest", "loesungszeit", "geaendert", "aktualisiert", "faellig", "faelligkeit", "letzte", "erste", "antwort",
    "erledigt", "abgeschlossen", "abschlusszeit", "abschlussdatum", "loesungsdatum", "ferme", "modifie", "modification", "resolu", "cloture", "cierre", "cerrado", "resuelto", "actualizado",
    "vencimiento", "fechado", "atualizado", "chiuso", "chiusura", "modificato", "gesloten", "gewijzigd", "zamkniecia", "zmiany", "purchase", "stangd", "lukket",
    "uzavreno", "fechamento", "закрытия", "обновлено", "完了日時", "更新日時", "关闭时间", "更新时间",
))  # fmt: skip
"""Words of a date that is not when the mail came."""
ANSWERS = frozenset(_names(
    "answer", "answers", "reply", "replies", "response", "resolution", "solution", "agent", "teammate", "operator", "antwort", "loesung",
    "reponse", "respuesta", "resposta", "risposta", "antwoord", "odpowiedz", "bearbeiter", "close", "closing", "work", "note", "notes",
    "comment", "comments", "comentario", "comentarios", "commentaire", "commentaires", "commento", "kommentar", "kommentare", "parts", "last", "latest", "conversations", "log", "svar", "odpoved", "yanit", "ответ", "回答", "回复", "答复",
))  # fmt: skip
"""Words of a text that the firm wrote, or that was written later; such a column is the mail's only where there is no other."""
