"""Elements of HTML and what they mean in a mail: names only, no logic."""

from __future__ import annotations

BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
    }
    | {
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
    }
    | {
        "hr",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
    }
    | {"tfoot", "thead", "tr", "ul", "caption"}
)
PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre"}
)
DROPPED = frozenset(
    {"head", "script", "style", "title", "meta", "link", "object", "embed", "applet", "svg", "math"}
    | {"textarea", "select", "option", "input", "audio", "video", "canvas", "iframe", "noframes"}
    | {"base", "template", "datalist"}
)
"""Elements whose content is no text of the mail."""

QUOTES: dict[str, dict[str, frozenset[str]]] = {
    "blockquote": {
        "type": frozenset({"cite"}),
        "class": frozenset(
            {"gmail_quote", "protonmail_quote", "tutanota_quote", "iosymail", "mori", "cite"}
        ),
        "id": frozenset({"orimsghtmlseperator", "replyblockquote", "isreplycontent"}),
    },
    "div": {
        "class": frozenset(
            {"yahoo_quoted", "protonmail_quote", "zmail_extra", "gmail_attr", "moz-cite-prefix"}
            | {"foxmail_quote", "ntes-mailmaster-quote", "mail_quote_sep", "quoted-text"}
            | {"freemail_quote", "ms-outlook-mobile-reference-message", "moz-email-headers-table"}
            | {"zimbra_quote", "sw_message_quote", "front-blockquote", "mailbird_quote"}
        ),
        "id": frozenset(
            {"mail-editor-reference-message-container", "isreplycontent", "yahoo_quoted"}
            | {"ntes-pcmac-quote", "origbody", "quotedtext", "oriquote"}
        ),
    },
    "span": {"class": frozenset({"gmail_quote", "moz-cite-prefix"})},
    "p": {"class": frozenset({"moz-cite-prefix"})},
}
"""Tag → attribute → names of elements that hold a quote or introduce one."""

SIGNATURES: dict[str, frozenset[str]] = {
    "class": frozenset(
        {"gmail_signature", "moz-signature", "protonmail_signature_block", "tutanota_sig"}
    ),
    "id": frozenset(
        {"signature", "applemailsignature", "ms-outlook-mobile-signature", "mailbirdsignature"}
        | {"zohosignature", "yahoosignature", "ymail_android_signature"}
    ),
}
"""Attribute → names of elements that hold a signature."""

FOLLOWED_IDS = frozenset(
    {
        "appendonsend",
        "divrplyfwdmsg",
        "stopspelling",
        "zwchr",
        "reply-intro",
        "outlookmessageheader",
    }
)
"""Ids of elements below which the answered mail stands."""
FOLLOWED_STYLES = (
    "border:none;border-top:solid#e1e1e11.0pt",
    "border:none;border-top:solid#b5c4df1.0pt",
    "border-top:#b5c4df1ptsolid",
)
"""Styles, without spaces, of the line that Outlook draws above it."""
