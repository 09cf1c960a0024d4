"""Words of urgency, feeling and danger in twelve languages: data only.

A phrase that ends in `*` allows any ending. Written by hand from common usage, not fitted to any data set.
"""

from __future__ import annotations

from collections.abc import Mapping

from kits.support_triage._entities.text import listed

URGENT = listed(
    "urgent;urgently;asap;as soon as possible;immediately;immediate;right away;at once;emergency;critical;"
    "high priority;top priority;without delay;time sensitive;straight away;right now;"
    "dringend*;sofort;eilt;umgehend;unverzüglich;schnellstmöglich;so schnell wie möglich;so bald wie möglich;notfall*;kritisch*;"
    "urgence;urgente;urgentes;immédiatement;immédiate;au plus vite;le plus vite possible;sans délai;dès que possible;critique;"
    "urgentemente;inmediatamente;inmediata;inmediato;lo antes posible;cuanto antes;emergencia;crítico;crítica;"
    "immediatamente;subito;al più presto;il prima possibile;emergenza;imediatamente;o mais rápido possível;"
    "dringende;spoed;onmiddellijk;zo snel mogelijk;meteen;pilne;pilnie;natychmiast;jak najszybciej;"
    "brådskande;omedelbart;så snart som möjligt;akut;haster;omgående;hurtigst muligt;straks;"
    "naléhavé;okamžitě;co nejdříve;ihned;acil;acilen;hemen;derhal;en kısa sürede",
    ";",
)
DEADLINE = listed(
    "deadline;by today;by tomorrow;until tomorrow;before tomorrow;end of the day;by monday;by friday;this morning;within 24 hours;"
    "due today;expires today;expires tomorrow;tonight;frist;bis morgen;bis heute;heute noch;noch heute;innerhalb von;"
    "avant demain;d'ici demain;date limite;aujourd'hui même;plazo;para mañana;antes de mañana;hoy mismo;fecha límite;"
    "scadenza;entro domani;entro oggi;prazo;até amanhã;ainda hoje;uiterlijk morgen;vandaag nog;termin;do jutra;"
    "senast imorgon;idag;senest i morgen;do zítra;yarına kadar;bugün içinde",
    ";",
)
REPEATED = listed(
    "third time;second time;again and again;still no answer;still no reply;still no response;no response;no reply;"
    "nobody answers;no one answers;keep asking;several times;multiple times;still waiting;already wrote;already contacted;"
    "zum dritten mal;zum zweiten mal;schon wieder;mehrfach;immer noch nicht;immer noch keine;keine antwort;keine rückmeldung;"
    "troisième fois;deuxième fois;à plusieurs reprises;toujours pas;sans réponse;aucune réponse;"
    "tercera vez;segunda vez;varias veces;sin respuesta;todavía no;ninguna respuesta;terza volta;seconda volta;più volte;"
    "nessuna risposta;ancora nessuna;terceira vez;segunda vez;várias vezes;sem resposta;derde keer;tweede keer;"
    "nog steeds geen;geen antwoord;trzeci raz;drugi raz;wielokrotnie;brak odpowiedzi;tredje gången;inget svar;"
    "tredje gang;intet svar;potřetí;žádná odpověď;üçüncü kez;cevap yok",
    ";",
)
STOPPED = listed(
    "outage;down;crash*;not working;does not work;doesn't work;stopped working;can't work;cannot work;unable to work;"
    "blocked;locked out;cannot access;can't access;cannot log in;can't log in;data loss;breach;hacked;production;failure;failed;"
    "significant;severe;serious;entire;whole team;all users;ausfall;ausgefallen;funktioniert nicht;geht nicht;gesperrt;"
    "datenverlust;abgestürzt;abstürze;störung;sicherheitslücke;gravierend*;erheblich*;ne fonctionne pas;ne marche pas;panne;"
    "bloqué;bloquée;en panne;perte de données;grave;no funciona;caído;caída;bloqueado;bloqueada;pérdida de datos;fallo;"
    "seguridad;non funziona;bloccato;bloccata;guasto;não funciona;avaria;falha;werkt niet;storing;geblokkeerd;nie działa;"
    "awaria;zablokowane;fungerar inte;driftstopp;virker ikke;nedbrud;nefunguje;výpadek;çalışmıyor;arıza",
    ";",
)
CALM = listed(
    "no rush;no hurry;not urgent;whenever you;when you have time;at your convenience;just a question;quick question;"
    "just wondering;curious;general question;low priority;minor;small;feedback;suggestion;hat keine eile;nicht dringend;"
    "eilt nicht;bei gelegenheit;kleine frage;kleinere;allgemeine frage;nur eine frage;vorschlag;rückfragen;pas urgent;"
    "quand vous pouvez;petite question;simple question;suggestion;quelques questions;sin prisa;no es urgente;una duda;"
    "pregunta general;pequeña;pequeño;sugerencia;consulta;nessuna fretta;non è urgente;una domanda;sem pressa;"
    "não é urgente;uma dúvida;geen haast;niet dringend;een vraagje;nie pilne;bez pośpiechu;ingen brådska;ikke travlt;"
    "nespěchá;acele değil",
    ";",
)
THANKS = listed(
    "thanks;thank you;grateful;appreciate;danke;vielen dank;dankbar;merci;gracias;grazie;obrigado;obrigada;bedankt;"
    "dank je;dziękuję;tack;tak;děkuji;teşekkür*",
    ";",
)
NEGATION = listed(
    "not;no;never;n't;don;doesn;didn;isn;wasn;aren;couldn;wouldn;won;can't;cannot;nothing;neither;nor;hardly;without;"
    "nicht;kein;keine;keinen;nie;pas;jamais;aucun;aucune;nunca;sin;non;mai;senza;não;nem;sem;niet;geen;nooit;nie;bez;"
    "inte;ingen;aldrig;ikke;aldri;ne;není;değil;yok",
    ";",
)
POSITIVE = listed(
    "good;great;excellent;amazing;awesome;love;loved;loves;like;liked;likes;best;nice;perfect;perfectly;wonderful;fantastic;"
    "happy;pleased;satisfied;recommend*;enjoy*;delicious;friendly;beautiful;beautifully;fun;funny;superb;impressive;impressed;"
    "brilliant;well;fine;easy;comfortable;fresh;tasty;fast;quick;helpful;reliable;solid;clear;works great;worth;favorite;"
    "favourite;incredible;outstanding;pleasant;clean;cool;entertaining;enjoyable;charming;terrific;definitely;highly;glad;"
    "attentive;cheap;affordable;sturdy;crisp;flawless;thumbs up;amazed;joy;memorable;masterpiece;touching;"
    "gut;gute;guten;super;toll*;ausgezeichnet;hervorragend;perfekt;zufrieden;freundlich;klasse;schön*;begeistert;empfehle;"
    "bon;bonne;excellent;excellente;parfait*;génial;super;content;contente;satisfait*;ravi;bueno;buena;excelente;genial;"
    "perfecto;contento;satisfecho;encantad*;buono;ottimo;ottima;eccellente;perfetto;contento;soddisfatto;bom;boa;ótimo;ótima;"
    "perfeito;satisfeito;goed;geweldig;uitstekend;tevreden;fijn;dobry;dobra;świetn*;doskonał*;zadowolon*;bra;utmärkt;nöjd;"
    "perfekt;fantastisk;god;tilfreds;dobrý;skvěl*;výborn*;spokojen*;iyi;harika;mükemmel;memnun",
    ";",
)
NEGATIVE = listed(
    "bad;badly;terrible;awful;horrible;worst;worse;poor;poorly;hate;hated;disappoint*;broken;broke;waste;wasted;useless;"
    "unacceptable;angry;annoy*;frustrat*;rude;slow;wrong;fail*;problem;problems;issue;issues;complaint;complain;"
    "unhappy;dissatisfied;disgust*;ridiculous;scam;fraud;cheat*;lied;never again;refund;return it;returned;defect*;"
    "damaged;missing;lost;sucks;suck;crap;cheaply;junk;garbage;boring;bland;dirty;cold;overpriced;mediocre;stupid;"
    "avoid;lame;pathetic;ugly;weak;dull;unfortunately;sadly;mess;dead;died;die;unreliable;uncomfortable;"
    "tasteless;stale;flat;gross;ripped off;rip off;disaster;unbearable;predictable;pointless;ashamed;shame;too;barely;"
    "overcooked;dry;unprofessional;zero;lacking;lacks;lack;outrageous;incompetent;"
    "schlecht*;schrecklich;enttäusch*;kaputt;unverschämt*;ärger*;wütend;unzufrieden;frechheit;leider;katastroph*;inakzeptabel;"
    "beschwerde;betrug;defekt*;fehler*;zumutung;miserabel;mauvais*;terrible;déçu*;cassé*;nul;inadmissible;inacceptable;"
    "mécontent*;scandaleu*;arnaque;malheureusement;honteux;malo;mala;pésimo;pésima;horrible;decepcion*;roto;inaceptable;enfadad*;"
    "vergüenza;estafa;queja;lamentable;pessimo;terribile;delus*;rotto;inaccettabile;arrabbiat*;vergogna;truffa;reclamo;purtroppo;"
    "ruim;péssimo;péssima;horrível;desiludid*;decepcionad*;inaceitável;vergonha;reclamação;slecht*;vreselijk;teleurgesteld;"
    "kapot;onacceptabel;boos;klacht;schandalig;helaas;zły;zła;okropn*;rozczarowan*;zepsut*;niedopuszczaln*;skarga;oszust*;niestety;"
    "dålig*;hemsk*;besviken;trasig*;oacceptabel*;arg;klagomål;tyvärr;dårlig*;skuffet;ødelagt;uacceptabel*;vred;klage;desværre;"
    "špatn*;hrozn*;zklaman*;rozbit*;nepřijateln*;stížnost;bohužel;kötü;berbat;hayal kırıklığı;bozuk;kabul edilemez;şikayet*;maalesef",
    ";",
)
INTENSE = listed(
    "very;extremely;really;so;totally;absolutely;completely;highly;sehr;extrem;total;absolut;völlig;très;vraiment;muy;realmente;"
    "molto;davvero;muito;zeer;heel;erg;bardzo;mycket;meget;velmi;çok",
    ";",
)

DANGER: Mapping[str, tuple[str, ...]] = {
    "legal": listed(
        "lawyer;attorney;solicitor;legal action;lawsuit;sue you;sue your;suing;take you to court;small claims;ombudsman;"
        "trading standards;data protection authority;gdpr;cease and desist;consumer protection;chargeback;"
        "anwalt;anwältin;rechtsanwalt;rechtsanwältin;anwaltlich;klage einreichen;verklagen;rechtliche schritte;"
        "vor gericht;verbraucherzentrale;strafanzeige;anzeige erstatten;dsgvo;datenschutzbehörde;abmahnung;mahnbescheid;"
        "unterlassungserklärung;marktüberwachung*;gewerbeaufsicht*;staatsanwaltschaft;"
        "avocat;avocate;poursuites;action en justice;tribunal;porter plainte;mise en demeure;rgpd;cnil;dgccrf;huissier;"
        "abogado;abogada;demanda judicial;acciones legales;tribunales;denuncia;denunciar;rgpd;"
        "avvocato;azioni legali;vie legali;denuncia;denunciare;tribunale;diffida;garante;"
        "advogado;advogada;ação judicial;processo judicial;tribunal;procon;livro de reclamações;"
        "advocaat;juridische stappen;rechtbank;aangifte;ingebrekestelling;consumentenbond;"
        "adwokat*;prawnik*;pozew;do sądu;rodo;rzecznik*;uokik;prokuratur*;advokat*;stämma;stämning;"
        "allmänna reklamationsnämnden;polisanmäl*;konsumentverket;retssag;sagsøge;politianmeld*;forbrugerklagenævnet;"
        "advokát*;právník*;žaloba;žalobu;k soudu;trestní oznámení;čoi;avukat*;dava açacağım;mahkeme*;savcılık;tüketici hakem heyeti;kvkk",
        ";",
    ),
    "safety": listed(
        "caught fire;on fire;smoke came;burned;burnt;burns;exploded;explosion;electric shock;electrocuted;shock hazard;"
        "injured;injury;hurt myself;ambulance;bleeding;allergic reaction;poison*;choking;choked;suffocat*;gas leak;overheated;"
        "in hospital;to hospital;in the hospital;to the hospital;life threatening;life-threatening;"
        "brennt;gebrannt;brandgefahr;rauch;qualmt;explodiert;stromschlag;elektrischer schlag;verletzt;verletzung;verletzungen;"
        "notarzt;verbrannt;verbrennung*;vergiftung;allergische reaktion;überhitzt;"
        "lebensgefahr;lebensgefährlich*;notaufnahme;im krankenhaus;ins krankenhaus;"
        "pris feu;incendie;brûlé;brûlure;brûlures;explosé;décharge électrique;électrocuté;blessé;blessée;blessure;allergique;fumée;"
        "à l'hôpital;"
        "se incendió;incendio;humo;quemó;quemadura;quemaduras;explotó;descarga eléctrica;herido;herida;lesión;alergia;"
        "preso fuoco;incendio;bruciato;ustione;ustioni;esploso;scossa elettrica;ferito;ferita;"
        "pegou fogo;incêndio;fumaça;queimadura;queimou;explodiu;choque elétrico;ferido;ferida;ferimento;"
        "in brand;brandwond*;ontploft;in het ziekenhuis;naar het ziekenhuis;elektrische schok;gewond;verwonding;"
        "w szpitalu;do szpitala;zapalił*;pożar;dym;oparzeni*;wybuch*;porażenie prądem;ranny;ranna;obrażeni*;"
        "fattade eld;brann;brännskad*;exploderade;elstöt;elchock;skadad;brød i brand;brandsår;eksploderede;"
        "elektrisk stød;tilskadekomst;kommet til skade;začal* hořet;požár;popálen*;výbuch;zranění;zraněn*;"
        "yangın;alev aldı;yandı;patladı;elektrik çarptı;yaralandı;yaralanma",
        ";",
    ),
    "harm": listed(
        "kill myself;end my life;suicide;suicidal;self harm;bring mich um;umbringen;selbstmord;suizid*;me suicider;suicidio;"
        "suicídio;zelfmoord;samobójstw*;självmord;selvmord;sebevražd*;intihar;kill you;bomb;bombe;death threat",
        ";",
    ),
    "press": listed(
        "journalist;i am a reporter;journaliste;periodista;giornalista;jornalista;"
        "dziennikarz*;journalisten;novinář*;gazeteci",
        ";",
    ),
}
"""Reason → words after which a person answers, whatever the model says."""
