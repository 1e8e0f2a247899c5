//! What only the report says; outcomes, signs and names of eyes are worded as on the screens ([`crate::screens::texts`]).
//!
//! The rules are those of the screens' tables: English first, the others say the same; no text calls an eye *normal,
//! healthy, clear* or *negative* in any language; each column has the placeholders of the first.
//!
//! Not here: which text stands where ([`super::content`]).

use crate::screens::texts::table;

table! {
    /// Headings, labels and paragraphs of the report.
    Printed {
        Title: "Eye screening report", "Informe de cribado ocular", "Compte rendu de dépistage oculaire",
            "Relatório de rastreio ocular", "Bericht über das Augen-Screening", "تقرير فحص تحرّي العين";
        Name: "Name", "Nombre", "Nom", "Nome", "Name", "الاسم";
        NotTold: "not told", "no indicado", "non indiqué", "não indicado", "nicht genannt", "غير مذكور";
        Encounter: "Encounter", "Visita", "Visite", "Consulta", "Untersuchung", "الزيارة";
        Time: "Date and time", "Fecha y hora", "Date et heure", "Data e hora", "Datum und Uhrzeit", "التاريخ والوقت";
        TimeOfDay: "{date}, {time} UTC", "{date}, {time} UTC", "{date}, {time} UTC", "{date}, {time} UTC",
            "{date}, {time} UTC", "{date}، {time} بالتوقيت العالمي";
        ClockNotCertain: "Clock not certain: it was not set.", "Hora no segura: el reloj no estaba en hora.",
            "Heure incertaine : l’horloge n’était pas réglée.", "Hora não segura: o relógio não estava certo.",
            "Zeit unsicher: Die Uhr war nicht gestellt.", "الوقت غير مؤكد: لم تُضبط الساعة.";
        Operator: "Operator", "Operador", "Opérateur", "Operador", "Bediener", "المشغل";
        Software: "Software", "Programa", "Logiciel", "Software", "Software", "البرنامج";
        Network: "Network", "Red neuronal", "Réseau", "Rede", "Netz", "الشبكة";
        Result: "Result", "Resultado", "Résultat", "Resultado", "Ergebnis", "النتيجة";
        ExamineBy: "To be examined by {date} at the latest.", "Debe examinarse a más tardar el {date}.",
            "À examiner le {date} au plus tard.", "O exame deve ser feito até {date}.",
            "Untersuchung spätestens am {date}.", "يجب الفحص في موعد أقصاه {date}.";
        ExamineNow: "Make the appointment now.", "Pida la cita ahora.", "Prenez rendez-vous maintenant.",
            "Marque a consulta agora.", "Termin jetzt vereinbaren.", "احجز الموعد الآن.";
        Sudden: "If sight suddenly gets worse, or there are flashes or pain: see an eye doctor the same day.",
            "Si la vista empeora de repente, o hay destellos o dolor: al oculista el mismo día.",
            "Si la vue baisse soudain, ou en cas d’éclairs ou de douleur : voir un ophtalmologue le jour même.",
            "Se a visão piorar de repente, ou houver clarões ou dor: ao oftalmologista no próprio dia.",
            "Wird das Sehen plötzlich schlechter, oder gibt es Blitze oder Schmerzen: noch am selben Tag zum Augenarzt.",
            "إذا ضعف البصر فجأة أو ظهرت ومضات أو ألم: راجع طبيب العيون في اليوم نفسه.";
        AnsweredYes: "Answered with yes before the photographs: “{question}”",
            "Respondido con sí antes de las fotografías: «{question}»",
            "Réponse « oui » avant les photographies : « {question} »",
            "Respondido com sim antes das fotografias: «{question}»",
            "Vor den Aufnahmen mit Ja beantwortet: „{question}“", "أُجيب بنعم قبل التصوير: «{question}»";
        Photograph: "Photograph", "Fotografía", "Photographie", "Fotografia", "Aufnahme", "الصورة";
        Good: "good", "buena", "bonne", "boa", "gut", "جيدة";
        Usable: "usable", "aceptable", "utilisable", "utilizável", "brauchbar", "مقبولة";
        NotGoodEnough: "not good enough to be assessed", "insuficiente para valorar", "insuffisante pour être évaluée",
            "insuficiente para avaliar", "nicht gut genug zur Beurteilung", "غير كافية للتقييم";
        NotAssessed: "not assessed", "sin valorar", "non évaluée", "não avaliada", "nicht beurteilt", "لم تُقيَّم";
        Taken: "Photographs taken", "Fotografías tomadas", "Photographies prises", "Fotografias tiradas",
            "Zahl der Aufnahmen", "عدد الصور";
        Drops: "Drops given", "Gotas puestas", "Gouttes mises", "Gotas postas", "Tropfen gegeben", "القطرات";
        None: "none", "ninguna", "aucune", "nenhuma", "keine", "لا توجد";
        Tropicamide: "tropicamide", "tropicamida", "tropicamide", "tropicamida", "Tropicamid", "تروبيكاميد";
        Phenylephrine: "phenylephrine", "fenilefrina", "phényléphrine", "fenilefrina", "Phenylephrin", "فينيليفرين";
        Cyclopentolate: "cyclopentolate", "ciclopentolato", "cyclopentolate", "ciclopentolato", "Cyclopentolat",
            "سيكلوبنتولات";
        PictureOf: "{eye}: photograph of the retina", "{eye}: fotografía de la retina", "{eye} : photographie de la rétine",
            "{eye}: fotografia da retina", "{eye}: Aufnahme der Netzhaut", "{eye}: صورة الشبكية";
        CodeOf: "Code with the number of the encounter", "Código con el número de la visita",
            "Code avec le numéro de la visite", "Código com o número da consulta",
            "Code mit der Nummer der Untersuchung", "رمز يحمل رقم الزيارة";
        Limits: "Limits of this result", "Límites de este resultado", "Limites de ce résultat",
            "Limites deste resultado", "Grenzen dieses Ergebnisses", "حدود هذه النتيجة";
        ScreeningOnly: "This is a screening result only: no diagnosis, and not a full eye examination. Signs can be missed.",
            "Esto es solo un resultado de cribado: no es un diagnóstico ni un examen ocular completo. Puede haber signos no \
detectados.",
            "Ceci est seulement un résultat de dépistage : ni un diagnostic, ni un examen complet des yeux. Des signes peuvent \
échapper.",
            "Isto é apenas um resultado de rastreio: não é um diagnóstico nem um exame ocular completo. Pode haver sinais não \
detetados.",
            "Dies ist nur das Ergebnis eines Screenings: keine Diagnose und keine volle Augenuntersuchung. Zeichen können \
übersehen werden.",
            "هذه نتيجة فحص تحرٍّ فقط: ليست تشخيصاً ولا فحصاً كاملاً للعين. قد لا تُكتشف بعض العلامات.";
        FollowUp: "Follow-up care is important: keep every appointment, even if the eyes give no trouble.",
            "El seguimiento es importante: acuda a todas las citas aunque los ojos no molesten.",
            "Le suivi est important : venez à chaque rendez-vous, même si les yeux ne gênent pas.",
            "O seguimento é importante: vá a todas as consultas, mesmo que os olhos não incomodem.",
            "Die weitere Betreuung ist wichtig: Bitte jeden Termin einhalten, auch ohne Beschwerden.",
            "المتابعة مهمة: احضر كل موعد حتى إن لم تشكُ من عينيك.";
        LookedFor: "Looked for in the photographs: {list}.", "Se buscó en las fotografías: {list}.",
            "Recherché sur les photographies : {list}.", "Procurado nas fotografias: {list}.",
            "In den Aufnahmen gesucht: {list}.", "ما بُحث عنه في الصور: {list}.";
        OtherSigns: "other signs that need an examination", "otros signos que requieren examen",
            "d’autres signes à faire examiner", "outros sinais que exigem exame",
            "andere Zeichen, die untersucht werden müssen", "علامات أخرى تستدعي الفحص";
        NotLookedFor: "Not looked for: {list}.", "No se buscó: {list}.", "Non recherché : {list}.",
            "Não procurado: {list}.", "Nicht gesucht: {list}.", "ما لم يُبحث عنه: {list}.";
        Elsewhere: "any other disease of the eye, the pressure in the eye, sharpness of sight, the field of vision, the edge \
of the retina and the front of the eye",
            "cualquier otra enfermedad del ojo, la presión ocular, la agudeza visual, el campo visual, la periferia de la \
retina y la parte anterior del ojo",
            "toute autre maladie de l’œil, la pression de l’œil, l’acuité visuelle, le champ visuel, la périphérie de la \
rétine et l’avant de l’œil",
            "qualquer outra doença do olho, a pressão ocular, a acuidade visual, o campo visual, a periferia da retina e a \
parte anterior do olho",
            "jede andere Krankheit des Auges, Augendruck, Sehschärfe, Gesichtsfeld, der Rand der Netzhaut und der vordere \
Teil des Auges",
            "أي مرض آخر في العين، وضغط العين، وحدة البصر، ومجال الرؤية، وأطراف الشبكية، ومقدمة العين";
        Amended: "AMENDED. Replaces report {report}.", "CORREGIDO. Sustituye al informe {report}.",
            "CORRIGÉ. Remplace le compte rendu {report}.", "CORRIGIDO. Substitui o relatório {report}.",
            "GEÄNDERT. Ersetzt den Bericht {report}.", "مُعدَّل. يحل محل التقرير {report}.";
        NotForCare: "Not from a real screening. Not to be used for care.",
            "No procede de un cribado real. No usar para la atención.",
            "Ne provient pas d’un vrai dépistage. Ne pas utiliser pour les soins.",
            "Não provém de um rastreio real. Não usar para cuidados.",
            "Nicht aus einem echten Screening. Nicht zur Behandlung verwenden.",
            "ليس من فحص حقيقي. لا يُستخدم للرعاية.";
        ReportId: "Report", "Informe", "Compte rendu", "Relatório", "Bericht", "التقرير";
        Page: "Page 1 of 1", "Página 1 de 1", "Page 1 sur 1", "Página 1 de 1", "Seite 1 von 1", "صفحة 1 من 1";
    }
}

table! {
    /// The months.
    Month {
        January: "January", "enero", "janvier", "janeiro", "Januar", "يناير";
        February: "February", "febrero", "février", "fevereiro", "Februar", "فبراير";
        March: "March", "marzo", "mars", "março", "März", "مارس";
        April: "April", "abril", "avril", "abril", "April", "أبريل";
        May: "May", "mayo", "mai", "maio", "Mai", "مايو";
        June: "June", "junio", "juin", "junho", "Juni", "يونيو";
        July: "July", "julio", "juillet", "julho", "Juli", "يوليو";
        August: "August", "agosto", "août", "agosto", "August", "أغسطس";
        September: "September", "septiembre", "septembre", "setembro", "September", "سبتمبر";
        October: "October", "octubre", "octobre", "outubro", "Oktober", "أكتوبر";
        November: "November", "noviembre", "novembre", "novembro", "November", "نوفمبر";
        December: "December", "diciembre", "décembre", "dezembro", "Dezember", "ديسمبر";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screens::texts::{Text, checks};

    // verifies: RQ-072
    #[test]
    fn every_text_exists_in_every_language_with_the_same_placeholders() {
        let printed = Printed::ALL.iter().map(|row| (format!("{row:?}"), row.columns()));
        let months = Month::ALL.iter().map(|row| (format!("{row:?}"), row.columns()));
        for (row, columns) in printed.chain(months) {
            checks::is_complete(&row, &columns);
            assert!(columns.iter().all(|text| !text.contains("  ") && !text.contains('%')), "{row}");
        }
    }

    // verifies: RQ-074
    #[test]
    fn the_research_statement_and_the_limits_are_complete_sentences() {
        for row in [Printed::ScreeningOnly, Printed::FollowUp, Printed::Sudden, Printed::NotForCare] {
            for text in row.columns() {
                assert!(text.ends_with('.'), "{text}");
            }
        }
    }
}
