//! What is said of an eye or a patient once both are judged. Stricter than the other tables: see the parent's tests.

use super::table;

table! {
    /// Results.
    Said {
        Refer: "Refer to an eye care professional", "Derivar a un profesional de la vista",
            "Adresser à un spécialiste des yeux", "Encaminhar a um especialista da visão", "An einen Augenarzt überweisen",
            "الإحالة إلى مختص العيون";
        SignsRight: "Signs that need an eye examination were found in the right eye.",
            "En el ojo derecho hay signos que requieren un examen ocular.",
            "Des signes à faire examiner ont été trouvés dans l’œil droit.",
            "No olho direito há sinais que exigem exame ocular.",
            "Im rechten Auge wurden Zeichen gefunden, die untersucht werden müssen.",
            "وُجدت علامات تستدعي الفحص في العين اليمنى.";
        SignsLeft: "Signs that need an eye examination were found in the left eye.",
            "En el ojo izquierdo hay signos que requieren un examen ocular.",
            "Des signes à faire examiner ont été trouvés dans l’œil gauche.",
            "No olho esquerdo há sinais que exigem exame ocular.",
            "Im linken Auge wurden Zeichen gefunden, die untersucht werden müssen.",
            "وُجدت علامات تستدعي الفحص في العين اليسرى.";
        SignsBoth: "Signs that need an eye examination were found in the right and the left eye.",
            "En ambos ojos hay signos que requieren un examen ocular.",
            "Des signes à faire examiner ont été trouvés dans les deux yeux.",
            "Em ambos os olhos há sinais que exigem exame ocular.",
            "In beiden Augen wurden Zeichen gefunden, die untersucht werden müssen.",
            "وُجدت علامات تستدعي الفحص في كلتا العينين.";
        PreCheck: "The answers before the photographs need an eye examination. No photographs were taken.",
            "Las respuestas previas requieren un examen ocular. No se tomaron fotografías.",
            "Les réponses demandent un examen des yeux. Aucune photo n’a été prise.",
            "As respostas exigem exame ocular. Não foram tiradas fotografias.",
            "Die Antworten erfordern eine Augenuntersuchung. Es wurde nicht fotografiert.",
            "الإجابات تستدعي فحص العين. لم تُلتقط صور.";
        NoSigns: "No referable signs found", "Sin signos que requieran derivación", "Pas de signe à adresser trouvé",
            "Sem sinais para encaminhar", "Keine Zeichen für Überweisung", "لم تُكتشف علامات تستدعي الإحالة";
        NoSignsLine: "Screen again in {months} months. See an eye care professional sooner if vision changes. This is not a \
full eye examination.",
            "Repetir en {months} meses. Consulte antes si cambia la visión. Esto no es un examen ocular completo.",
            "Refaire dans {months} mois. Consultez plus tôt si la vue change. Ce n’est pas un examen complet.",
            "Repetir em {months} meses. Consulte antes se a visão mudar. Isto não é um exame ocular completo.",
            "In {months} Monaten wieder. Ändert sich das Sehen: früher zum Augenarzt. Keine volle Untersuchung.",
            "يُعاد الفحص بعد {months} شهراً. راجع المختص قبل ذلك إن تغيّر البصر. هذا ليس فحصاً كاملاً للعين.";
        NoResult: "No result for the patient", "Sin resultado para el paciente", "Pas de résultat pour le patient",
            "Sem resultado para o doente", "Kein Ergebnis für den Patienten", "لا نتيجة للمريض";
        NotAssessedRight: "The right eye could not be assessed. Refer for an eye examination.",
            "No se pudo valorar el ojo derecho. Derive para un examen ocular.",
            "L’œil droit n’a pas pu être évalué. Adressez pour un examen.",
            "Não foi possível avaliar o olho direito. Encaminhe para exame ocular.",
            "Das rechte Auge war nicht zu beurteilen. Zur Untersuchung überweisen.",
            "تعذر تقييم العين اليمنى. أحل المريض لفحص العين.";
        NotAssessedLeft: "The left eye could not be assessed. Refer for an eye examination.",
            "No se pudo valorar el ojo izquierdo. Derive para un examen ocular.",
            "L’œil gauche n’a pas pu être évalué. Adressez pour un examen.",
            "Não foi possível avaliar o olho esquerdo. Encaminhe para exame ocular.",
            "Das linke Auge war nicht zu beurteilen. Zur Untersuchung überweisen.",
            "تعذر تقييم العين اليسرى. أحل المريض لفحص العين.";
        NotAssessedBoth: "The right and the left eye could not be assessed. Refer for an eye examination.",
            "No se pudo valorar ningún ojo. Derive para un examen ocular.",
            "Les deux yeux n’ont pas pu être évalués. Adressez pour un examen.",
            "Não foi possível avaliar os olhos. Encaminhe para exame ocular.",
            "Beide Augen waren nicht zu beurteilen. Zur Untersuchung überweisen.",
            "تعذر تقييم كلتا العينين. أحل المريض لفحص العين.";
        EyeRefer: "Refer", "Derivar", "Adresser", "Encaminhar", "Überweisen", "إحالة";
        EyeNoResult: "No result", "Sin resultado", "Pas de résultat", "Sem resultado", "Kein Ergebnis", "لا نتيجة";
        CouldNotBeAssessed: "Could not be assessed.", "No se pudo valorar.", "N’a pas pu être évalué.",
            "Não foi possível avaliar.", "War nicht zu beurteilen.", "تعذر التقييم.";
        NotPhotographed: "Not photographed.", "Sin fotografiar.", "Pas photographié.", "Não fotografado.",
            "Nicht fotografiert.", "لم تُصوَّر.";
        EyeAbsent: "No eye on this side.", "No hay ojo en este lado.", "Pas d’œil de ce côté.", "Sem olho deste lado.",
            "Kein Auge auf dieser Seite.", "لا توجد عين في هذه الجهة.";
        NotPositioned: "Could not be positioned.", "No se pudo colocar.", "N’a pas pu être installé.",
            "Não foi possível posicionar.", "Lagerung war nicht möglich.", "تعذر التثبيت.";
        Declined: "Declined.", "No lo deseó.", "Refusé.", "Recusou.", "Abgelehnt.", "رفض المريض.";
        LightLimit: "Limit of light reached.", "Límite de luz alcanzado.", "Limite de lumière atteinte.",
            "Limite de luz atingido.", "Lichtgrenze erreicht.", "بلغ حد الضوء.";
        Uncertain: "Uncertain: have it examined.", "Dudoso: que lo examinen.", "Incertain : à faire examiner.",
            "Incerto: mande examinar.", "Unsicher: untersuchen lassen.", "غير مؤكد: يلزم الفحص.";
        SignsOther: "Signs that need an examination.", "Signos que requieren examen.", "Signes à faire examiner.",
            "Sinais que exigem exame.", "Zeichen, die untersucht werden müssen.", "علامات تستدعي الفحص.";
        SignsOfOne: "Signs of {one}, possible.", "Signos posibles: {one}.", "Signes possibles : {one}.",
            "Sinais possíveis: {one}.", "Mögliche Zeichen: {one}.", "علامات محتملة: {one}.";
        SignsOfTwo: "Signs of {one} and {two}, possible.", "Signos posibles: {one} y {two}.",
            "Signes possibles : {one} et {two}.", "Sinais possíveis: {one} e {two}.", "Mögliche Zeichen: {one} und {two}.",
            "علامات محتملة: {one} و{two}.";
        SignsOfMore: "Signs of {one}, {two} and {n} more, possible.", "Signos posibles: {one}, {two} y {n} más.",
            "Signes possibles : {one}, {two} et {n} autres.", "Sinais possíveis: {one}, {two} e mais {n}.",
            "Mögliche Zeichen: {one}, {two} und {n} weitere.", "علامات محتملة: {one} و{two} و{n} غيرها.";
        Opacity: "clouded media", "medios turbios", "milieux troubles", "meios turvos", "Trübung", "عتامة";
        DiabeticRetinopathy: "diabetic retinopathy", "retinopatía diabética", "rétinopathie diabétique",
            "retinopatia diabética", "diabetische Retinopathie", "اعتلال الشبكية السكري";
        Glaucoma: "glaucoma", "glaucoma", "glaucome", "glaucoma", "Glaukom", "جلوكوما";
        MacularEdema: "macular oedema", "edema macular", "œdème maculaire", "edema macular", "Makulaödem",
            "وذمة البقعة";
        MacularDegeneration: "macular degeneration", "degeneración macular", "dégénérescence maculaire",
            "degeneração macular", "Makuladegeneration", "تنكس البقعة";
        VascularOcclusion: "a vascular occlusion", "oclusión vascular", "occlusion vasculaire", "oclusão vascular",
            "Gefäßverschluss", "انسداد وعائي";
        OtherCondition: "another condition", "otra afección", "une autre affection", "outra condição", "andere Erkrankung",
            "حالة أخرى";
        ReportReady: "The report is ready", "El informe está listo", "Le compte rendu est prêt", "O relatório está pronto",
            "Der Bericht ist fertig", "التقرير جاهز";
        ReportReadyLine: "It is kept with this visit. The desk finds it by this number or code.",
            "Se guarda con esta visita. En recepción se encuentra por este número o código.",
            "Il est gardé avec cette visite. L’accueil le trouve par ce numéro ou ce code.",
            "Fica guardado com esta visita. A receção encontra-o por este número ou código.",
            "Er liegt bei diesem Besuch. Der Empfang findet ihn unter dieser Nummer oder diesem Code.",
            "محفوظ مع هذه الزيارة. يجده الاستقبال بهذا الرقم أو الرمز.";
        ReportNumber: "Report", "Informe", "Compte rendu", "Relatório", "Bericht", "التقرير";
        NoReport: "No report could be made", "No se pudo hacer el informe", "Pas de compte rendu",
            "Não foi possível fazer o relatório", "Kein Bericht möglich", "تعذر إعداد التقرير";
        NoReportLine: "The result itself is stored. Try again, or write it down for the patient.",
            "El resultado está guardado. Reintente, o anótelo para el paciente.",
            "Le résultat est enregistré. Réessayez, ou notez-le pour le patient.",
            "O resultado está guardado. Tente de novo, ou anote-o para o doente.",
            "Das Ergebnis ist gespeichert. Noch einmal, oder für den Patienten aufschreiben.",
            "النتيجة محفوظة. أعد المحاولة، أو اكتبها للمريض.";
        MapTitle: "Where the program looked", "Dónde miró el programa", "Où le programme a regardé",
            "Onde o programa olhou", "Wohin das Programm sah", "أين نظر البرنامج";
        MapLine: "Not a diagnosis.", "No es un diagnóstico.", "Ce n’est pas un diagnostic.", "Não é um diagnóstico.",
            "Keine Diagnose.", "ليس تشخيصاً.";
    }
}
