"""What CRMs export as a table, in Spanish, Portuguese and Italian."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported, money

_DAY, _TIME, _STAMP = "%d/%m/%Y", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M"


def _hubspot_spanish(d: Deal) -> Row:
    return {
        "ID de registro": 17_000_000_000 + 37 * d.n, "Nombre del negocio": f"{d.firm} - oferta",
        "Etapa del negocio": d.said("Cierre ganado", "Cierre perdido", "Cita programada", "Contrato enviado"), "Fecha de cierre": cell(d.planned, _STAMP),
        "Propietario del negocio": d.owner, "Valor": d.amount, "Pipeline": "Pipeline de ventas", "Fecha de creación": cell(d.created, _STAMP),
        "Fecha de la última actividad": cell(d.updated, _STAMP), "Motivo de cierre perdido": d.said("", "Precio", ""),
        "Probabilidad del negocio": d.said("1", "0", "0.4"), "Fuente original": d.source, "Número de empleados": d.employees,
    }  # fmt: skip


def _hubspot_portuguese(d: Deal) -> Row:
    return {
        "ID do registro": 17_000_000_000 + 37 * d.n, "Nome do negócio": f"{d.firm} - proposta",
        "Etapa do negócio": d.said("Fechado ganho", "Fechado perdido", "Compromisso agendado", "Contrato enviado"), "Data de fechamento": cell(d.planned, _STAMP),
        "Proprietário do negócio": d.owner, "Valor": d.amount, "Pipeline": "Pipeline de vendas", "Data de criação": cell(d.created, _STAMP),
        "Data da última atividade": cell(d.updated, _STAMP), "Motivo da perda": d.said("", "Preço", ""), "Fonte original": d.source,
        "Número de funcionários": d.employees,
    }  # fmt: skip


def _pipedrive_spanish(d: Deal) -> Row:
    won, lost = (d.closed if d.outcome == one else None for one in ("won", "lost"))
    return {
        "Trato - ID": 40 + d.n, "Trato - Título": f"{d.firm} trato", "Trato - Organización": d.firm, "Trato - Persona de contacto": f"Kim Lee{d.n}",
        "Trato - Valor": d.amount, "Trato - Moneda de Valor": "EUR", "Trato - Etapa": d.draw.choice(("Calificado", "Propuesta", "Negociación")),
        "Trato - Estado": d.said("Ganado", "Perdido", "Abierto"), "Trato - Propietario": d.owner, "Trato - Trato creado": cell(d.created),
        "Trato - Hora de actualización": cell(d.updated), "Trato - Último cambio de etapa": cell(d.closed or d.created), "Trato - Hora de ganado": cell(won),
        "Trato - Hora de pérdida": cell(lost), "Trato - Trato cerrado el": cell(d.closed), "Trato - Motivo de pérdida": d.said("", "Precio", ""),
        "Trato - Actividades completadas": d.draw.randrange(9), "Trato - Fuente": d.source, "Trato - Empleados": d.employees,
    }  # fmt: skip


def _holded(d: Deal) -> Row:
    return {
        "Fecha": cell(d.created, _DAY), "Número": f"P24{d.n:04d}", "Cliente": d.firm, "Descripción": "Presupuesto", "Tags": "",
        "Subtotal": money(d.amount, ".", ","), "IVA": f"{d.amount * 0.21:.2f}".replace(".", ","), "Total": f"{d.amount * 1.21:.2f}".replace(".", ","),
        "Estado": d.said("Aceptado", "Rechazado", "Pendiente"), "Canal": d.source, "Empleados": d.employees,
    }  # fmt: skip


def _clientify(d: Deal) -> Row:
    return {
        "ID": 900 + 3 * d.n, "Nombre": f"Oportunidad {d.n}", "Empresa": d.firm, "Pipeline": "Ventas", "Fase": d.draw.choice(("Contacto", "Propuesta")),
        "Estado": d.said("Ganada", "Perdida", "Abierta"), "Importe": f"{d.amount}.00", "Fecha de creación": cell(d.created, _TIME),
        "Fecha de cierre prevista": cell(d.planned, _DAY), "Fecha de cierre real": cell(d.closed, _DAY), "Motivo de pérdida": d.said("", "Precio", ""),
        "Propietario": d.owner, "Origen": d.source, "Nº de empleados": d.employees,
    }  # fmt: skip


def _rd_station(d: Deal) -> Row:
    return {
        "Nome": f"Negociação {d.n}", "Empresa": d.firm, "Qualificação": d.draw.randrange(1, 6), "Funil de vendas": "Padrão",
        "Etapa": d.draw.choice(("Contato feito", "Proposta enviada")), "Estado": d.said("Vendida", "Perdida", "Em andamento"),
        "Motivo de Perda": d.said("", "Preço", ""), "Valor Único": money(d.amount, "", ","), "Valor Recorrente": "0,00", "Pausada": "Não",
        "Data de criação": cell(d.created, _DAY), "Hora de criação": cell(d.created, "%H:%M"), "Data do primeiro contato": cell(d.created, _DAY),
        "Data do último contato": cell(d.updated, _DAY), "Previsão de fechamento": "", "Data de fechamento": cell(d.closed, _DAY),
        "Hora de fechamento": cell(d.closed, "%H:%M"), "Fonte": d.source, "Campanha": "", "Responsável": d.owner, "Funcionários": d.employees,
    }  # fmt: skip


def _agendor(d: Deal) -> Row:
    return {
        "Código": 700 + d.n, "Título": f"Negócio {d.n}", "Empresa": d.firm, "Funil": "Funil de vendas", "Etapa": d.draw.choice(("Contato", "Proposta")),
        "Status": d.said("Ganho", "Perdido", "Em andamento"), "Valor": f"R$ {money(d.amount, '.', ',')}", "Data de início": cell(d.created, _DAY),
        "Data de conclusão": cell(d.closed, _DAY), "Motivo de perda": d.said("", "Preço", ""), "Responsável": d.owner, "Origem": d.source,
        "Nº de funcionários": d.employees,
    }  # fmt: skip


def _ploomes(d: Deal) -> Row:
    return {
        "Id": 600_100 + 7 * d.n, "Título": f"Negócio {d.n}", "Cliente": d.firm, "Funil": "Vendas", "Estágio": d.draw.choice(("Contato", "Proposta")),
        "Situação": d.said("Ganho", "Perdido", "Em aberto"), "Valor": money(d.amount, ".", ","), "Data de Criação": cell(d.created, _TIME),
        "Data de Início": cell(d.created, _TIME), "Data de Término": cell(d.closed, _TIME), "Dias no Estágio": d.draw.randrange(40), "Responsável": d.owner,
        "Origem": d.source, "Quantidade de Funcionários": d.employees,
    }  # fmt: skip


def _piperun(d: Deal) -> Row:
    return {
        "ID": 8_200 + 5 * d.n, "Hash": f"{d.n * 7919:08x}", "Título": f"Oportunidade {d.n}", "Funil": "Comercial", "Etapa": d.draw.choice(("Conexão", "Proposta")),
        "Status": d.said("Ganha", "Perdida", "Aberta"), "Motivo de Perda": d.said("", "Preço", ""), "Valor de P&S": money(d.amount, ".", ","),
        "Data de cadastro": cell(d.created, "%d/%m/%Y %H:%M:%S"), "Data de fechamento": cell(d.closed, "%d/%m/%Y %H:%M:%S"),
        "Última atualização": cell(d.updated, "%d/%m/%Y %H:%M:%S"), "Dono da oportunidade": d.owner, "Origem": d.source, "Número de funcionários": d.employees,
    }  # fmt: skip


def _odoo_italian(d: Deal) -> Row:
    return {
        "ID esterno": f"__export__.crm_lead_{d.n}_{d.n * 7919:08x}", "Opportunità": f"{d.firm} offerta", "Nome contatto": f"Kim Lee{d.n}", "E-mail": d.mail,
        "Addetto vendite": d.owner, "Team di vendita": "Vendite", "Ricavi previsti": f"{d.amount}.0", "Probabilità": d.said("100.0", "0.0", "37.5"),
        "Fase": d.said("Vinta", d.draw.choice(("Nuova", "Proposta")), "Nuova", "Proposta"), "Attivo": d.said("True", "False", "True"),
        "Motivo di perdita": d.said("", "Prezzo", ""), "Creato il": cell(d.created), "Data di chiusura": cell(d.closed),
        "Ultimo aggiornamento il": cell(d.updated), "Provenienza": d.source, "Dipendenti": d.employees,
    }  # fmt: skip


def _quotes_italian(d: Deal) -> Row:
    return {
        "Numero": f"{d.n + 1}/2024", "Data": cell(d.created, _DAY), "Cliente": d.firm, "Oggetto": "Preventivo", "Stato": d.said("Accettato", "Rifiutato", "In attesa", "Inviato"),
        "Imponibile": money(d.amount, ".", ","), "Scadenza": cell(d.planned, _DAY), "Origine": d.source, "N. dipendenti": d.employees,
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    exported("HubSpot deals export in Spanish", _hubspot_spanish),
    exported("HubSpot deals export in Portuguese", _hubspot_portuguese),
    exported("Pipedrive deals export in Spanish", _pipedrive_spanish),
    exported("Holded quotes in Spanish", _holded, newest_first=True),
    exported("Clientify export in Spanish", _clientify),
    exported("RD Station CRM export in Portuguese", _rd_station, delimiter=";"),
    exported("Agendor export in Portuguese", _agendor, delimiter=";", encoding="utf-8-sig"),
    exported("Ploomes export in Portuguese", _ploomes, delimiter=";", encoding="utf-8-sig"),
    exported("PipeRun export in Portuguese", _piperun, delimiter=";", newest_first=True),
    exported("Odoo export in Italian", _odoo_italian),
    exported("Fatture in Cloud quotes in Italian", _quotes_italian, delimiter=";", encoding="cp1252"),
)  # fmt: skip
