/** Words near which a number means something, by what it then means; in the languages of most texts. */
const words = {
  account:
    'account|acct|account number|a/c|konto|kontonummer|kontonr|compte|cuenta|conta|conto|rekening|rekeningnummer|konto nr|račun|číslo účtu|numer konta|口座番号|口座|账号|帐号|계좌',
  card: 'card|credit card|debit card|cc|creditcard|cardnumber|visa|mastercard|amex|kreditkarte|kartennummer|karte|carte|tarjeta|cartão|cartao|carta|kort|kortnummer|kreditkort|kaart|creditcardnummer|karta|kartica|kortti|カード|クレジットカード|银行卡|信用卡|카드',
  securityCode:
    'cvv|cvc|cvv2|cvc2|cid|csc|security code|card verification|verification code|prüfnummer|kartenprüfnummer|sicherheitscode|cryptogramme|código de seguridad|código de segurança|codice di sicurezza|セキュリティコード|安全码',
  expiry:
    'exp|expiry|expires|expiration|expiring|expire|valid thru|valid through|valid until|good thru|gültig bis|ablaufdatum|expire fin|expiration|caducidad|vence|vencimiento|validade|scadenza|utløper|giltig|gyldig|vervaldatum|有効期限|有效期',
  routing: 'routing|routing number|aba|rtn|transit number|sort code|sortcode|bankleitzahl|blz|bsb',
  swift: 'swift|bic|swift code|bic code|swift/bic',
  nationalId:
    'ssn|social security|social security number|social insurance|national insurance|nino|ni number|nhs|nhs number|tin|itin|tax id|taxpayer|tax number|tax file number|tfn|medicare|national id|identity number|id number|identification number|personal number|id card|identity card|steuer|steuerid|steuernummer|steueridentifikationsnummer|idnr|steuerliche identifikationsnummer|sozialversicherungsnummer|versicherungsnummer|ahv|svnr|sécurité sociale|numéro de sécu|numéro de sécurité|nir|insee|dni|nie|nif|nuss|seguridad social|curp|rfc|rut|run|cédula|cedula|codice fiscale|cf|cpf|cnpj|nif|contribuinte|bi|personnummer|personnr|samordningsnummer|cpr|cpr-nummer|fødselsnummer|fødselsnr|henkilötunnus|hetu|kennitala|bsn|burgerservicenummer|sofinummer|rijksregisternummer|numéro national|pesel|nip|rodné číslo|taj|adószám|cnp|egn|егн|oib|jmbg|emšo|emso|isikukood|asmens kodas|personas kods|инн|снилс|tc kimlik|kimlik|aadhaar|aadhar|pan|sin|nric|teudat zehut|תעודת זהות|ת.ז|マイナンバー|個人番号|身份证|身份证号|身分證|주민등록번호',
  passport:
    'passport|passport no|passport number|pass number|reisepass|reisepassnummer|passnummer|passnr|passeport|pasaporte|passaporte|passaporto|paspoort|paspoortnummer|pass|pas|passi|paszport|pas|útlevél|pașaport|putovnica|паспорт|パスポート|旅券|旅券番号|护照|護照|여권',
  licence:
    "driver's license|drivers license|driver license|driver’s license|driver's licence|driver’s licence|driving licence|driving license|driver licence|license number|licence number|dl|dl number|dl no|führerschein|führerscheinnummer|permis de conduire|permis|licencia de conducir|permiso de conducir|carné de conducir|carteira de motorista|cnh|carta de condução|patente|patente di guida|rijbewijs|rijbewijsnummer|körkort|førerkort|kørekort|ajokortti|prawo jazdy|vozačka|運転免許|免許証|免許番号|驾驶证|駕照|운전면허",
  birth:
    'born|dob|d.o.b|date of birth|birth date|birthdate|birthday|born on|geboren|geb|geburtsdatum|geburtstag|née|né|né le|née le|date de naissance|nacido|nacida|nació|fecha de nacimiento|nascido|nascida|nasceu|data de nascimento|nato|nata|nato il|data di nascita|geboortedatum|född|födelsedatum|født|fødselsdato|født den|syntynyt|syntymäaika|urodzony|urodzona|data urodzenia|narozen|született|născut|rođen|rođena|datum rođenja|родился|родилась|дата рождения|doğum tarihi|生年月日|生まれ|出生日期|出生|생년월일',
  name: 'name|names|full name|my name|first name|last name|surname|maiden name|mein name|ich heiße|nom|je m’appelle|nombre|me llamo|nome|mi chiamo|me chamo|naam|namn|navn|nimi|ime|nazwisko|jméno',
  phone:
    'phone|phones|telephone|tel|tel.|mobile|mob|cell|cellphone|call|calls|called|calling|fax|desk|office|sms|text|texting|whatsapp|viber|signal|dial|reach|reachable|hotline|contact|contacts|ring|answering|messages|phone number|phonenumber|number is|registered|voicemail|telefon|telefonnummer|handy|handynummer|mobil|mobilnummer|rufnummer|anrufen|rufen|ruf|rufe|erreichen|erreichbar|durchwahl|téléphone|tél|portable|appelez|appeler|joindre|fixe|teléfono|telefono|móvil|movil|celular|llame|llamar|llámame|telemóvel|telefone|ligar|ligue|cellulare|chiamare|chiama|numero|telefoon|telefoonnummer|mobiel|bel|bellen|mobiltelefon|ring|ringa|tlf|tlf.|tlfnr|ringe|puhelin|puh|soita|telefonu|zadzwoń|komórka|mobitel|nazovite|zavolejte|hívjon|τηλέφωνο|телефон|тел|позвоните|звоните|هاتف|טלפון|電話|電話番号|携帯|連絡先|ファックス|电话|手机|联系|전화|휴대폰',
  postal:
    'zip|zip code|zipcode|postcode|post code|postal|postal code|plz|postleitzahl|code postal|código postal|cep|c.a.p|codice postale|postnummer|postinumero|kod pocztowy|psč|poštanski broj|郵便番号|邮编|우편번호',
  address:
    'address|addresses|adresse|adressen|anschrift|dirección|direccion|domicilio|endereço|endereco|morada|indirizzo|adres|adress|osoite|adresa|lives at|lives on|live at|lived in|live in|living at|lives in|resides at|residing at|reside at|located at|located on|located in|wohnt|wohnhaft|wohne|habite|demeure|demeurant|vive en|vivo en|reside en|mora em|mora na|abita|bor på|bor i|woont|meet me at|meet you at|meet at|meeting|sent to|send it to|send to|ship to|deliver to|delivered to|return to|arrived at|taxi to|office is at|offices are at|restaurant is at|station is on|off at|new address is|住所|地址|주소',
  version:
    'version|versions|ver|v|release|build|firmware|section|sections|chapter|clause|article|rev|revision|figure|isbn|issn|doi|rfc|ean|upc|sku|version number|バージョン|版本',
  reference:
    'isbn|issn|doi|ean|upc|sku|order|order number|order no|order id|invoice|invoice number|ticket|tracking|tracking number|shipment|reference|ref|ref.|serial|serial number|part|part number|item|item number|case|case number|version|build|commit|sha|hash|timestamp|bestellnummer|bestellung|rechnung|rechnungsnummer|commande|facture|pedido|factura|fatura|ordine|fattura|注文番号|订单',
  password:
    'password|passwd|passcode|passphrase|pwd|pass|pin|pin code|passwort|kennwort|geheimzahl|mot de passe|contraseña|senha|lösenord|passord|adgangskode|wachtwoord|salasana|hasło|lozinka|heslo|пароль|パスワード|暗証番号|密码|密碼|비밀번호',
  secret:
    'secret|token|api key|apikey|api_key|access key|accesskey|secret key|private key|auth token|access token|refresh token|client secret|authorization|bearer|credential|credentials|aws_secret_access_key|secretkey|schlüssel|clé|clave|chave|chiave|nyckel|sleutel|鍵|密钥|키',
} as const;

/** What a number can mean by the words near it. */
export type CueName = keyof typeof words;

/** Where the cues of one text are. */
export interface Cues {
  /** Whether a cue ends at most `before` units before `start`, or begins at most `after` units after `end`. */
  near(name: CueName, start: number, end: number, before: number, after?: number): boolean;
  /** The ends of all cues of a name, in order. */
  endsOf(name: CueName): readonly number[];
}

interface Phrase {
  readonly name: CueName;
  readonly text: string;
}

/** A letter of a script that parts no words by spaces, or does not always. */
export const scriptWithoutSpaces = /[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/;
const phrases = Object.entries(words).flatMap(([name, list]) =>
  [...new Set(list.split('|'))].map((text): Phrase => ({ name: name as CueName, text })),
);
/** Phrases by their first word. */
const byFirstWord = new Map<string, Phrase[]>();
const withoutSpaces: Phrase[] = [];
for (const phrase of phrases) {
  if (scriptWithoutSpaces.test(phrase.text)) {
    withoutSpaces.push(phrase);
    continue;
  }
  const first = /^[\p{L}\p{M}]+/u.exec(phrase.text)?.[0] ?? phrase.text;
  const those = byFirstWord.get(first);
  if (those === undefined) byFirstWord.set(first, [phrase]);
  else those.push(phrase);
}
const unspaced = new RegExp(
  [...new Set(withoutSpaces.map(({ text }) => text))].sort((a, b) => b.length - a.length).join('|'),
  'g',
);
const letter = /[\p{L}\p{M}]/u;

/** Finds all cues of a text, which is given in lower case. */
export function findCues(lowered: string): Cues {
  const starts = new Map<CueName, number[]>();
  const ends = new Map<CueName, number[]>();
  const add = (name: CueName, start: number, end: number) => {
    const those = ends.get(name);
    if (those === undefined) {
      starts.set(name, [start]);
      ends.set(name, [end]);
    } else {
      // In order also where a long phrase and its first word are both cues.
      const last = those.at(-1) ?? 0;
      starts.get(name)?.push(start);
      those.push(Math.max(last, end));
    }
  };
  for (const { 0: word, index } of lowered.matchAll(/[\p{L}\p{M}]+/gu)) {
    for (const { name, text } of byFirstWord.get(word) ?? []) {
      const end = index + text.length;
      if (text.length > word.length) {
        if (!lowered.startsWith(text, index) || letter.test(lowered.charAt(end))) continue;
      }
      add(name, index, end);
    }
  }
  if (scriptWithoutSpaces.test(lowered)) {
    for (const { 0: found, index } of lowered.matchAll(unspaced)) {
      for (const { name, text } of withoutSpaces) {
        if (text === found) add(name, index, index + found.length);
      }
    }
    // Those of the other scripts came first.
    for (const list of [...starts.values(), ...ends.values()]) list.sort((a, b) => a - b);
  }
  return {
    near(name, start, end, before, after = 0) {
      const those = ends.get(name) ?? [];
      const last = those[countUpTo(those, start) - 1];
      if (last !== undefined && start - last <= before) return true;
      if (after === 0) return false;
      const beginnings = starts.get(name) ?? [];
      const next = beginnings[countUpTo(beginnings, end - 1)];
      return next !== undefined && next - end <= after;
    },
    endsOf: (name) => ends.get(name) ?? [],
  };
}

/** How many numbers of a sorted list are at most `limit`. */
function countUpTo(sorted: readonly number[], limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
