//! What is said before, between and after patients.

use super::table;

table! {
    /// Headings and lines of the device's own screens.
    Device {
        Starting: "Starting", "Iniciando", "Démarrage", "A iniciar", "Startet", "بدء التشغيل";
        StartingLine: "The device looks at itself first.", "El equipo se comprueba primero.",
            "L’appareil se vérifie d’abord.", "O aparelho verifica-se primeiro.", "Das Gerät prüft sich zuerst.",
            "يفحص الجهاز نفسه أولاً.";
        CheckBundle: "Network and self-test", "Red y autoprueba", "Réseau et autotest", "Rede e autoteste",
            "Netz und Selbsttest", "الشبكة والفحص الذاتي";
        CheckStore: "Store", "Almacén", "Stockage", "Armazenamento", "Speicher", "التخزين";
        CheckCamera: "Camera", "Cámara", "Caméra", "Câmara", "Kamera", "الكاميرا";
        CheckController: "Light and focus", "Luz y enfoque", "Lumière et mise au point", "Luz e foco", "Licht und Fokus",
            "الضوء والتركيز";
        CheckClock: "Clock", "Reloj", "Horloge", "Relógio", "Uhr", "الساعة";
        Pending: "being checked", "comprobando", "en cours", "a verificar", "wird geprüft", "قيد الفحص";
        InOrder: "works", "funciona", "fonctionne", "funciona", "arbeitet", "يعمل";
        OutOfOrder: "out of order", "no funciona", "en panne", "avariado", "gestört", "معطل";
        BundleRefused: "The network is refused", "Se rechaza la red neuronal", "Le réseau est refusé", "A rede é recusada",
            "Das Netz wird abgelehnt", "تم رفض الشبكة";
        BundleRefusedLine: "Nobody can be screened. Install a good bundle, then try again; call service.",
            "No se puede examinar a nadie. Instale un paquete válido y reintente; avise al servicio técnico.",
            "Aucun dépistage possible. Installez un paquet valide, puis réessayez ; appelez le service.",
            "Não se pode rastrear ninguém. Instale um pacote válido e tente de novo; chame a assistência.",
            "Niemand kann untersucht werden. Gültiges Paket einspielen, noch einmal versuchen; Service rufen.",
            "لا يمكن فحص أي مريض. ثبّت حزمة صالحة ثم أعد المحاولة؛ اتصل بالصيانة.";
        StoreUnusable: "Nothing can be stored", "No se puede guardar nada", "Rien ne peut être enregistré",
            "Nada pode ser guardado", "Nichts kann gespeichert werden", "لا يمكن حفظ أي شيء";
        StoreUnusableLine: "Nobody can be screened. Make room or call service, then try again.",
            "No se puede examinar a nadie. Libere espacio o avise al servicio técnico y reintente.",
            "Aucun dépistage possible. Libérez de la place ou appelez le service, puis réessayez.",
            "Não se pode rastrear ninguém. Liberte espaço ou chame a assistência e tente de novo.",
            "Niemand kann untersucht werden. Platz schaffen oder Service rufen, dann noch einmal.",
            "لا يمكن فحص أي مريض. وفّر مساحة أو اتصل بالصيانة ثم أعد المحاولة.";
        ClockNotSet: "The clock is not set", "El reloj no está en hora", "L’horloge n’est pas réglée",
            "O relógio não está certo", "Die Uhr ist nicht gestellt", "الساعة غير مضبوطة";
        ClockNotSetLine: "Set it and try again. If you go on, records will say that their time is not certain.",
            "Póngala en hora y reintente. Si continúa, los registros dirán que su hora no es segura.",
            "Réglez-la et réessayez. Sinon, les dossiers diront que leur heure n’est pas sûre.",
            "Acerte-o e tente de novo. Se continuar, os registos dirão que a hora não é segura.",
            "Stellen und noch einmal versuchen. Sonst steht in den Akten, dass die Zeit unsicher ist.",
            "اضبطها ثم أعد المحاولة. إذا تابعت فستذكر السجلات أن وقتها غير مؤكد.";
        WhoAreYou: "Who are you?", "¿Quién es usted?", "Qui êtes-vous ?", "Quem é?", "Wer sind Sie?", "من أنت؟";
        EnterPin: "Enter your PIN", "Introduzca su PIN", "Saisissez votre code", "Introduza o seu PIN", "PIN eingeben",
            "أدخل رقمك السري";
        Locked: "Locked", "Bloqueado", "Verrouillé", "Bloqueado", "Gesperrt", "مقفل";
        PinWrong: "Wrong PIN. Tries left: {n}", "PIN incorrecto. Intentos: {n}", "Code faux. Essais restants : {n}",
            "PIN errado. Tentativas: {n}", "Falsche PIN. Noch {n} Versuche", "رقم خاطئ. المحاولات المتبقية: {n}";
        LockedOut: "Too many wrong PINs. Wait {n} s.", "Demasiados errores. Espere {n} s.",
            "Trop d’erreurs. Attendez {n} s.", "Demasiados erros. Espere {n} s.", "Zu viele Fehler. {n} s warten.",
            "محاولات خاطئة كثيرة. انتظر {n} ث.";
        Ready: "Ready", "Listo", "Prêt", "Pronto", "Bereit", "جاهز";
        Research: "Research software, not a cleared medical device.", "Software de investigación, no es un producto sanitario.",
            "Logiciel de recherche, pas un dispositif médical autorisé.",
            "Software de investigação, não é um dispositivo médico.", "Forschungssoftware, kein zugelassenes Medizinprodukt.",
            "برنامج بحثي، وليس جهازاً طبياً مرخصاً.";
        PractiseOnly: "No operators are set up: practice only.", "No hay operadores configurados: solo práctica.",
            "Aucun opérateur configuré : exercice seulement.", "Sem operadores configurados: só prática.",
            "Keine Bediener eingerichtet: nur Übung.", "لا يوجد مشغلون: للتدريب فقط.";
        ServiceOnly: "Signed in for service: nobody is screened.", "Sesión de servicio: no se examina a nadie.",
            "Session de service : aucun dépistage.", "Sessão de assistência: sem rastreio.",
            "Für Service angemeldet: keine Untersuchung.", "دخول للصيانة: لا يُفحص أحد.";
        Today: "Since the start: {n}", "Desde el inicio: {n}", "Depuis le démarrage : {n}", "Desde o início: {n}",
            "Seit dem Start: {n}", "منذ البدء: {n}";
        PatientNumber: "Patient number", "Número del paciente", "Numéro du patient", "Número do doente", "Patientennummer",
            "رقم المريض";
        PatientNumberLine: "Scan the code, choose from the list, or type the number.",
            "Escanee el código, elija de la lista o escriba el número.",
            "Scannez le code, choisissez dans la liste ou tapez le numéro.",
            "Leia o código, escolha na lista ou escreva o número.", "Code scannen, aus der Liste wählen oder Nummer tippen.",
            "امسح الرمز أو اختر من القائمة أو اكتب الرقم.";
        OldWorklist: "The list could not be fetched: it may be old. Scan the code, choose, or type the number.",
            "No se pudo obtener la lista: puede ser antigua. Escanee, elija o escriba el número.",
            "Liste non obtenue : elle peut être ancienne. Scannez, choisissez ou tapez le numéro.",
            "Não foi possível obter a lista: pode ser antiga. Leia o código, escolha ou escreva o número.",
            "Liste nicht abrufbar, vielleicht veraltet. Code scannen, wählen oder Nummer tippen.",
            "تعذّر جلب القائمة وقد تكون قديمة. امسح الرمز أو اختر أو اكتب الرقم.";
        BirthDate: "Date of birth", "Fecha de nacimiento", "Date de naissance", "Data de nascimento", "Geburtsdatum",
            "تاريخ الميلاد";
        BirthDateLine: "Year, month, day: YYYYMMDD", "Año, mes, día: AAAAMMDD", "Année, mois, jour : AAAAMMJJ",
            "Ano, mês, dia: AAAAMMDD", "Jahr, Monat, Tag: JJJJMMTT", "السنة ثم الشهر ثم اليوم: 8 أرقام";
        NoDate: "There is no such day.", "Ese día no existe.", "Ce jour n’existe pas.", "Esse dia não existe.",
            "Diesen Tag gibt es nicht.", "لا يوجد يوم كهذا.";
        ThisPatient: "Is this the patient?", "¿Es este el paciente?", "Est-ce le patient ?", "É este o doente?",
            "Ist das der Patient?", "هل هذا هو المريض؟";
        AskBoth: "Ask for both and compare.", "Pregunte ambos datos y compare.", "Demandez les deux et comparez.",
            "Pergunte ambos e compare.", "Beides erfragen und vergleichen.", "اسأل عن كليهما وقارن.";
        Itself: "Device", "Equipo", "Appareil", "Aparelho", "Gerät", "الجهاز";
        Battery: "Battery", "Batería", "Batterie", "Bateria", "Akku", "البطارية";
        OnMains: "on mains", "con red", "sur secteur", "na tomada", "am Netz", "موصول";
        Unknown: "not known", "desconocido", "inconnue", "desconhecida", "unbekannt", "غير معروف";
        Queued: "Waiting to be sent", "Pendientes de envío", "En attente d’envoi", "Por enviar", "Noch zu senden",
            "بانتظار الإرسال";
        SetAside: "Refused by the receiver", "Rechazado por el receptor", "Refusé par le destinataire",
            "Recusado pelo destino", "Vom Empfänger abgelehnt", "رفضه المستلم";
        QueueLine: "{n} wait, {m} were refused.", "{n} en espera, {m} rechazados.", "{n} en attente, {m} refusés.",
            "{n} em espera, {m} recusados.", "{n} warten, {m} abgelehnt.", "{n} بالانتظار، {m} مرفوضة.";
        NothingQueued: "Nothing waits to be sent.", "No hay nada pendiente de envío.", "Rien n’attend d’être envoyé.",
            "Nada está por enviar.", "Nichts wartet auf den Versand.", "لا شيء بانتظار الإرسال.";
        Tried: "tried {n} times", "intentos: {n}", "essais : {n}", "tentativas: {n}", "{n} Versuche", "المحاولات: {n}";
        Screened: "Patients since the start", "Pacientes desde el inicio", "Patients depuis le démarrage",
            "Doentes desde o início", "Patienten seit dem Start", "المرضى منذ البدء";
        Referred: "to be referred", "para derivar", "à adresser", "a encaminhar", "zu überweisen", "للإحالة";
        Language: "Language and shutter", "Idioma y disparo", "Langue et déclencheur", "Idioma e disparo",
            "Sprache und Auslöser", "اللغة والالتقاط";
        Stopping: "Switching off", "Apagando", "Arrêt en cours", "A desligar", "Schaltet ab", "إيقاف التشغيل";
        StoppingLine: "Do not cut the power yet.", "No corte aún la corriente.", "Ne coupez pas encore le courant.",
            "Não corte ainda a corrente.", "Strom noch nicht trennen.", "لا تفصل الكهرباء بعد.";
        Simulated: "SIMULATED", "SIMULADO", "SIMULÉ", "SIMULADO", "SIMULIERT", "محاكاة";
        Practice: "PRACTICE", "PRÁCTICA", "EXERCICE", "PRÁTICA", "ÜBUNG", "تدريب";
    }
}
