"""How mails end, by language: valedictions, lines that phones write, notes of lawyers. Words only.

Lower case; `|` separates alternatives.
"""

from __future__ import annotations

VALEDICTIONS = {
    "en": "best regards|kind regards|regards|best wishes|warm regards|many thanks and best regards|with best regards|with kind regards|sincerely|yours sincerely|sincerely yours|yours faithfully|yours truly|best|cheers|all the best|respectfully|kindest regards|br|rgds|thanks and regards|thanks & regards",
    "de": "mit freundlichen grüßen|mit freundlichem gruß|freundliche grüße|viele grüße|beste grüße|liebe grüße|schöne grüße|herzliche grüße|mit besten grüßen|mit herzlichen grüßen|mfg|vg|lg|gruß|grüße|hochachtungsvoll|mit freundlichen gruessen|viele gruesse|beste gruesse|freundlichst|besten gruß|lieben gruß|vielen dank und freundliche grüße|vielen dank und viele grüße|mit vielen grüßen",
    "fr": "cordialement|bien cordialement|salutations distinguées|sincères salutations|meilleures salutations|bien à vous|très cordialement|cdlt|bonne journée|veuillez agréer, madame, monsieur, mes salutations distinguées|respectueusement",
    "es": "saludos|un saludo|saludos cordiales|atentamente|cordialmente|un cordial saludo|muy atentamente|reciba un cordial saludo",
    "it": "cordiali saluti|distinti saluti|saluti|un saluto|cordialmente|un cordiale saluto|in fede",
    "pt": "atenciosamente|cumprimentos|com os melhores cumprimentos|melhores cumprimentos|saudações|cordialmente|att|abraços|abs",
    "nl": "met vriendelijke groet|met vriendelijke groeten|vriendelijke groeten|groeten|hartelijke groet|mvg|hoogachtend|groetjes",
    "pl": "pozdrawiam|z poważaniem|serdecznie pozdrawiam|z wyrazami szacunku|pozdrowienia|pozdrawiam serdecznie",
    "sv": "med vänliga hälsningar|med vänlig hälsning|vänliga hälsningar|hälsningar|mvh|vänligen|vänlig hälsning",
    "da": "med venlig hilsen|venlig hilsen|mvh|hilsen|de bedste hilsner|vh|bedste hilsner|kærlig hilsen",
    "nb": "med vennlig hilsen|vennlig hilsen|hilsen|beste hilsen",
    "fi": "ystävällisin terveisin|terveisin|terveisiä|yt|parhain terveisin",
    "cs": "s pozdravem|s přátelským pozdravem|děkuji, s pozdravem|hezký den|s úctou",
    "sk": "s pozdravom|s priateľským pozdravom",
    "hu": "üdvözlettel|tisztelettel|üdv|köszönettel|szívélyes üdvözlettel",
    "ro": "cu stimă|cu respect|toate cele bune|o zi bună|salutări",
    "tr": "saygılarımla|saygılar|selamlar|iyi çalışmalar|iyi günler|sevgiler",
    "ru": "с уважением|всего доброго|с наилучшими пожеланиями|заранее спасибо, с уважением",
    "uk": "з повагою|з найкращими побажаннями|всього найкращого",
    "el": "με εκτίμηση|φιλικά|χαιρετισμούς|με φιλικούς χαιρετισμούς",
    "ja": "よろしくお願いします|よろしくお願いいたします|よろしくお願い致します|敬具|以上",
    "zh": "此致|此致敬礼|顺祝商祺|祝好|谢谢|謝謝|敬上|祝商祺",
    "ko": "감사합니다|감사합니다.|드림|올림",
    "ar": "مع التحية|مع أطيب التحيات|تحياتي|مع خالص التحية|وتفضلوا بقبول فائق الاحترام",
}

THANKS = "thanks|thank you|many thanks|thanks in advance|danke|vielen dank|vielen dank im voraus|danke im voraus|merci|merci d'avance|merci beaucoup|gracias|muchas gracias|grazie|grazie mille|obrigado|obrigada|bedankt|alvast bedankt|dank u|dziękuję|dzięki|tack|tack på förhand|tak|på forhånd tak|takk|kiitos|děkuji|ďakujem|köszönöm|mulțumesc|teşekkürler|teşekkür ederim|спасибо|дякую|ευχαριστώ|شكرا"
"""Words of thanks that end a mail when only a name follows."""

DEVICES = (
    "sent from my|sent from mail for|sent from yahoo|sent from outlook|sent from proton|sent via|sent from samsung|sent from the all new|get outlook for|sent with proton|sent from gmail|sent using|"
    "von meinem|gesendet von|von unterwegs gesendet|gesendet mit|diese nachricht wurde von meinem|holen sie sich outlook|outlook für ios|outlook für android|vom handy gesendet|gesendet aus der|"
    "envoyé de mon|envoyé depuis|envoyé à partir de|obtenir outlook pour|télécharger outlook|envoyé avec|envoyé par mon|"
    "enviado desde mi|enviado desde|obtener outlook para|descargar outlook|enviado con|"
    "inviato da|inviato dal mio|scarica outlook per|ottieni outlook per|"
    "enviado do meu|enviado via|enviado a partir|obter o outlook|obtenha o outlook|enviado do outlook|"
    "verstuurd vanaf|verzonden vanaf|verzonden met|outlook voor ios|outlook voor android|download outlook|"
    "wysłane z|wysłano z|pobierz aplikację outlook|pobierz outlook|"
    "skickat från|hämta outlook|skickades från|"
    "sendt fra|hent outlook|få outlook|sendt frå|"
    "lähetetty iphonesta|lähetetty ipadista|lähetetty samsung|lähetetty puhelimesta|lähetetty laitteesta|hanki outlook|"
    "odesláno z|získat outlook|získejte outlook|odoslané z|"
    "az iphone készülékemről küldve|elküldve az|iphone-ról küldve|outlook beszerzése|elküldve a|"
    "trimis de pe|trimis din|obțineți outlook|descărcați outlook|"
    "iphone'umdan gönderildi|iphone'dan gönderildi|ios için outlook|android için outlook|samsung galaxy akıllı telefonumdan|"
    "отправлено с|отправлено из|скачать outlook|отправлено с iphone|"
    "надіслано з|відправлено з|отримати outlook|"
    "στάλθηκε από|εστάλη από|λήψη του outlook|"
    "iphoneから送信|ipadから送信|android から送信|outlook for ios を入手|スマートフォンから送信|"
    "发自我的|從我的|发送自|傳送自|从我的|获取 outlook|取得 outlook|发自|"
    "나의 iphone에서 보냄|내 iphone에서 보냄|iphone에서 보냄|나의 갤럭시|iphone에서 보낸|outlook for ios 다운로드|"
    "أرسلت من|أُرسلت من|مرسل من|تم الإرسال من|احصل على outlook"
)
"""How lines begin that a phone or an app writes below a mail."""

LEGAL = (
    "this e-mail and any attachments|this email and any attachments|this email is confidential|this e-mail is confidential|this message is confidential|the information contained in this|the content of this email is confidential|this message contains confidential|if you are not the intended recipient|please consider the environment|this email was scanned|"
    "diese e-mail enthält vertrauliche|diese e-mail kann vertrauliche|der inhalt dieser e-mail ist vertraulich|diese nachricht ist vertraulich|bitte denken sie an die umwelt|denken sie an die umwelt|"
    "ce message est confidentiel|ce message et toutes les pièces jointes|ce courriel est confidentiel|pensez à l'environnement|"
    "este mensaje es confidencial|este mensaje y sus archivos adjuntos|este correo electrónico es confidencial|antes de imprimir este|"
    "questo messaggio è confidenziale|le informazioni contenute in questo|questa e-mail è riservata|ai sensi del|"
    "esta mensagem é confidencial|esta mensagem contém informações confidenciais|"
    "dit bericht is vertrouwelijk|de informatie in deze e-mail|dit e-mailbericht is uitsluitend|"
    "niniejsza wiadomość jest poufna|treść tej wiadomości|"
    "detta meddelande är konfidentiellt|denne e-mail er fortrolig|denne e-posten er konfidensiell|tämä viesti on luottamuksellinen"
)
"""How paragraphs begin that a lawyer wrote below a mail."""
