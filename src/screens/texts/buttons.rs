//! What stands on buttons.

use super::table;

table! {
    /// A button's words, as short as they can be.
    Button {
        Continue: "Continue", "Continuar", "Continuer", "Continuar", "Weiter", "متابعة";
        Back: "Back", "Atrás", "Retour", "Voltar", "Zurück", "رجوع";
        Retry: "Try again", "Reintentar", "Réessayer", "Tentar de novo", "Noch einmal", "إعادة المحاولة";
        Queue: "To be sent", "Por enviar", "À envoyer", "Por enviar", "Zu senden", "للإرسال";
        SendNow: "Send now", "Enviar ya", "Envoyer", "Enviar já", "Jetzt senden", "أرسل الآن";
        More: "More", "Más", "Suite", "Mais", "Mehr", "المزيد";
        Enter: "OK", "OK", "OK", "OK", "OK", "تم";
        Erase: "Erase", "Borrar", "Effacer", "Apagar", "Löschen", "مسح";
        Yes: "Yes", "Sí", "Oui", "Sim", "Ja", "نعم";
        No: "No", "No", "Non", "Não", "Nein", "لا";
        BreakOff: "Break off", "Interrumpir", "Arrêter", "Interromper", "Abbrechen", "إنهاء";
        GoOn: "Go on", "Seguir", "Poursuivre", "Prosseguir", "Fortsetzen", "الاستمرار";
        OtherEye: "Other eye", "Otro ojo", "Autre œil", "Outro olho", "Anderes Auge", "العين الأخرى";
        NotPossible: "Not possible", "No es posible", "Impossible", "Não é possível", "Nicht möglich", "غير ممكن";
        Photograph: "Photograph", "Fotografiar", "Photographier", "Fotografar", "Aufnehmen", "التقاط الصورة";
        TakeAgain: "Take it again", "Repetir", "Reprendre", "Repetir", "Neu aufnehmen", "إعادة الالتقاط";
        NextPatient: "Next patient", "Siguiente paciente", "Patient suivant", "Próximo paciente", "Nächster Patient",
            "المريض التالي";
        Practise: "Practise", "Practicar", "S’exercer", "Praticar", "Üben", "تدريب";
        Device: "Device", "Equipo", "Appareil", "Aparelho", "Gerät", "الجهاز";
        Settings: "Settings", "Ajustes", "Réglages", "Ajustes", "Einstellungen", "الإعدادات";
        SignOut: "Sign out", "Salir", "Se déconnecter", "Sair", "Abmelden", "خروج";
        SwitchOff: "Switch off", "Apagar", "Éteindre", "Desligar", "Ausschalten", "إيقاف";
        Map: "Where it looked", "Dónde miró", "Zones regardées", "Onde olhou", "Wohin es sah", "أين نظر البرنامج";
        Photographs: "Result", "Resultado", "Résultat", "Resultado", "Ergebnis", "النتيجة";
        ThisPatient: "Yes, start", "Sí, empezar", "Oui, commencer", "Sim, começar", "Ja, beginnen", "نعم، ابدأ";
        NotThisPatient: "No", "No", "Non", "Não", "Nein", "لا";
        WithoutEye: "Go on without", "Seguir sin este ojo", "Continuer sans", "Seguir sem este", "Ohne dieses Auge",
            "المتابعة بدونها";
        NoDrops: "No drops", "Sin gotas", "Sans gouttes", "Sem gotas", "Ohne Tropfen", "بدون قطرات";
        WideAlready: "Pupil is wide", "Pupila dilatada", "Pupille dilatée", "Pupila dilatada", "Pupille ist weit",
            "الحدقة متسعة";
        EyeAbsent: "No eye on this side", "No hay ojo en este lado", "Pas d’œil de ce côté", "Sem olho deste lado",
            "Kein Auge auf dieser Seite", "لا توجد عين في هذه الجهة";
        CannotBePositioned: "Cannot be positioned", "No se puede colocar", "Ne peut être installé", "Não dá para posicionar",
            "Lagerung nicht möglich", "تعذر تثبيت المريض";
        Declined: "Declined", "No lo desea", "Refusé", "Recusou", "Abgelehnt", "رفض المريض";
        Automatic: "Shutter: automatic", "Disparo: automático", "Déclencheur : auto", "Disparo: automático",
            "Auslöser: automatisch", "الالتقاط: تلقائي";
        ByHand: "Shutter: by hand", "Disparo: manual", "Déclencheur : manuel", "Disparo: manual", "Auslöser: von Hand",
            "الالتقاط: يدوي";
    }
}
