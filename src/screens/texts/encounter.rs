//! What is said while a patient is screened.

use super::table;

table! {
    /// Headings, lines and faults of an encounter.
    During {
        RightEye: "Right eye", "Ojo derecho", "Œil droit", "Olho direito", "Rechtes Auge", "العين اليمنى";
        LeftEye: "Left eye", "Ojo izquierdo", "Œil gauche", "Olho esquerdo", "Linkes Auge", "العين اليسرى";
        Before: "Before the photographs", "Antes de las fotografías", "Avant les photographies", "Antes das fotografias",
            "Vor den Aufnahmen", "قبل التصوير";
        Symptoms: "Has sight become worse lately, or are there flashes, floaters or pain?",
            "¿Ha empeorado la vista últimamente, o hay destellos, moscas volantes o dolor?",
            "La vue a-t-elle baissé récemment, ou y a-t-il des éclairs, des corps flottants, une douleur ?",
            "A visão piorou ultimamente, ou há clarões, moscas volantes ou dor?",
            "Ist das Sehen zuletzt schlechter geworden, oder gibt es Blitze, Flecken oder Schmerzen?",
            "هل ضعف البصر مؤخراً، أو هناك ومضات أو أجسام عائمة أو ألم؟";
        KnownDisease: "Is a disease of the retina or glaucoma known already?",
            "¿Se conoce ya una enfermedad de la retina o glaucoma?",
            "Une maladie de la rétine ou un glaucome est-il déjà connu ?",
            "Já se conhece uma doença da retina ou glaucoma?", "Ist eine Netzhautkrankheit oder ein Glaukom schon bekannt?",
            "هل يوجد مرض معروف في الشبكية أو جلوكوما؟";
        RecentSurgery: "Has an eye had laser, surgery or injections?", "¿Algún ojo ha tenido láser, cirugía o inyecciones?",
            "Un œil a-t-il eu laser, opération ou injections ?", "Algum olho teve laser, cirurgia ou injeções?",
            "Hatte ein Auge Laser, Operation oder Spritzen?", "هل خضعت إحدى العينين لليزر أو جراحة أو حقن؟";
        Aim: "{eye}: aim", "{eye}: apunte", "{eye} : visez", "{eye}: aponte", "{eye}: zielen", "{eye}: صوّب";
        NoEye: "Bring the eye before the camera.", "Ponga el ojo ante la cámara.", "Placez l’œil devant la caméra.",
            "Ponha o olho diante da câmara.", "Auge vor die Kamera bringen.", "ضع العين أمام الكاميرا.";
        MoveLeft: "Move to the left.", "Mueva a la izquierda.", "Déplacez à gauche.", "Mova para a esquerda.",
            "Nach links bewegen.", "حرّك إلى اليسار.";
        MoveRight: "Move to the right.", "Mueva a la derecha.", "Déplacez à droite.", "Mova para a direita.",
            "Nach rechts bewegen.", "حرّك إلى اليمين.";
        MoveUp: "Move up.", "Mueva hacia arriba.", "Montez.", "Mova para cima.", "Nach oben bewegen.", "حرّك إلى أعلى.";
        MoveDown: "Move down.", "Mueva hacia abajo.", "Descendez.", "Mova para baixo.", "Nach unten bewegen.",
            "حرّك إلى أسفل.";
        Closer: "Move closer.", "Acérquese.", "Approchez.", "Aproxime.", "Näher heran.", "اقترب.";
        Farther: "Move away a little.", "Aléjese un poco.", "Éloignez un peu.", "Afaste um pouco.", "Etwas weiter weg.",
            "ابتعد قليلاً.";
        Focusing: "Focusing. Hold still.", "Enfocando. Quieto.", "Mise au point. Ne bougez pas.", "A focar. Fique quieto.",
            "Stellt scharf. Still halten.", "جارٍ التركيز. لا تتحرك.";
        AimTooDark: "Too dark: open the eye wide.", "Oscuro: abra bien el ojo.", "Trop sombre : ouvrez grand.",
            "Escuro: abra bem o olho.", "Zu dunkel: Auge weit öffnen.", "معتم: افتح العين جيداً.";
        HoldStill: "Hold still.", "Quieto.", "Ne bougez pas.", "Fique quieto.", "Still halten.", "لا تتحرك.";
        Good: "Good. Press the shutter.", "Bien. Pulse el disparador.", "Bien. Appuyez sur le déclencheur.",
            "Bom. Prima o disparador.", "Gut. Auslöser drücken.", "جيد. اضغط زر الالتقاط.";
        GoodAutomatic: "Good. The photograph is taken.", "Bien. Se toma la fotografía.", "Bien. La photo est prise.",
            "Bom. A fotografia é tirada.", "Gut. Die Aufnahme folgt.", "جيد. يتم الالتقاط.";
        TriesLeft: "Tries left: {n}", "Intentos: {n}", "Essais restants : {n}", "Tentativas: {n}", "Versuche übrig: {n}",
            "المحاولات المتبقية: {n}";
        AfterRest: "after the rest", "tras el descanso", "après le repos", "após o repouso", "nach der Ruhe", "بعد الراحة";
        AfterDrops: "after drops", "tras las gotas", "après les gouttes", "após as gotas", "nach Tropfen", "بعد القطرات";
        WhyNot: "{eye}: why not?", "{eye}: ¿por qué no?", "{eye} : pourquoi pas ?", "{eye}: porque não?",
            "{eye}: warum nicht?", "{eye}: لماذا لا؟";
        WhyNotLine: "The patient will be referred for an examination of this eye.",
            "Se derivará al paciente para examinar este ojo.", "Le patient sera adressé pour cet œil.",
            "O doente será encaminhado para exame deste olho.", "Dieses Auge wird zur Untersuchung überwiesen.",
            "سيُحال المريض لفحص هذه العين.";
        Taken: "Photograph taken", "Fotografía tomada", "Photographie prise", "Fotografia tirada", "Aufnahme gemacht",
            "تم التقاط الصورة";
        TakenLine: "It is being looked at. The patient may blink.", "Se está mirando. El paciente puede parpadear.",
            "Elle est examinée. Le patient peut cligner.", "Está a ser vista. O doente pode piscar.",
            "Sie wird angesehen. Der Patient darf blinzeln.", "يجري النظر فيها. يمكن للمريض أن يرمش.";
        NoResultHere: "{eye}: no result", "{eye}: sin resultado", "{eye} : pas de résultat", "{eye}: sem resultado",
            "{eye}: kein Ergebnis", "{eye}: لا نتيجة";
        WhichEye: "Which eye was it?", "¿Qué ojo era?", "Quel œil était-ce ?", "Que olho era?", "Welches Auge war es?",
            "أي عين كانت؟";
        WhichEyeRight: "The photograph looks like a left eye. It was to be the right one.",
            "La fotografía parece de un ojo izquierdo. Debía ser el derecho.",
            "La photo ressemble à un œil gauche. Ce devait être le droit.",
            "A fotografia parece de um olho esquerdo. Devia ser o direito.",
            "Das Bild sieht wie ein linkes Auge aus. Es sollte das rechte sein.",
            "تبدو الصورة لعين يسرى. كان يجب أن تكون اليمنى.";
        WhichEyeLeft: "The photograph looks like a right eye. It was to be the left one.",
            "La fotografía parece de un ojo derecho. Debía ser el izquierdo.",
            "La photo ressemble à un œil droit. Ce devait être le gauche.",
            "A fotografia parece de um olho direito. Devia ser o esquerdo.",
            "Das Bild sieht wie ein rechtes Auge aus. Es sollte das linke sein.",
            "تبدو الصورة لعين يمنى. كان يجب أن تكون اليسرى.";
        Rest: "{eye}: let it rest", "{eye}: déjelo descansar", "{eye} : laissez reposer", "{eye}: deixe repousar",
            "{eye}: ruhen lassen", "{eye}: دعها ترتاح";
        RestLine: "Darken the room. The pupil opens in the dark.", "Oscurezca la sala. La pupila se abre a oscuras.",
            "Assombrissez la pièce. La pupille s’ouvre dans le noir.",
            "Escureça a sala. A pupila abre no escuro.", "Raum abdunkeln. Im Dunkeln weitet sich die Pupille.",
            "أظلم الغرفة. تتسع الحدقة في الظلام.";
        Drops: "{eye}: give drops?", "{eye}: ¿poner gotas?", "{eye} : mettre des gouttes ?", "{eye}: pôr gotas?",
            "{eye}: Tropfen geben?", "{eye}: هل تُعطى قطرات؟";
        DropsLine: "Only if this site allows it and the patient agrees. Choose what was given.",
            "Solo si el centro lo permite y el paciente acepta. Elija lo que se puso.",
            "Seulement si le site le permet et si le patient accepte. Choisissez.",
            "Só se o local permitir e o doente aceitar. Escolha o que foi posto.",
            "Nur wenn erlaubt und der Patient zustimmt. Wählen, was gegeben wurde.",
            "فقط إن سُمح بذلك ووافق المريض. اختر ما أُعطي.";
        DropsWork: "{eye}: the drops work", "{eye}: las gotas actúan", "{eye} : les gouttes agissent",
            "{eye}: as gotas atuam", "{eye}: die Tropfen wirken", "{eye}: القطرات تعمل";
        DropsWorkLine: "The patient may sit elsewhere meanwhile.", "El paciente puede esperar sentado aparte.",
            "Le patient peut attendre ailleurs.", "O doente pode esperar noutro lugar.",
            "Der Patient kann solange woanders sitzen.", "يمكن للمريض أن ينتظر في مكان آخر.";
        Left: "{time} left", "Quedan {time}", "Encore {time}", "Faltam {time}", "Noch {time}", "بقي {time}";
        ConfirmAbort: "Break off?", "¿Interrumpir?", "Arrêter ?", "Interromper?", "Abbrechen?", "إنهاء الفحص؟";
        ConfirmAbortLine: "There will be no result for this patient. What was photographed stays stored.",
            "No habrá resultado para este paciente. Lo fotografiado queda guardado.",
            "Il n’y aura pas de résultat pour ce patient. Les photos restent enregistrées.",
            "Não haverá resultado para este doente. O fotografado fica guardado.",
            "Für diesen Patienten gibt es kein Ergebnis. Aufnahmen bleiben gespeichert.",
            "لن تكون هناك نتيجة لهذا المريض. تبقى الصور محفوظة.";
        CameraLost: "The camera does not answer", "La cámara no responde", "La caméra ne répond pas",
            "A câmara não responde", "Die Kamera antwortet nicht", "الكاميرا لا تستجيب";
        CameraLostLine: "Check cable and power, then try again.", "Revise cable y corriente y reintente.",
            "Vérifiez câble et courant, puis réessayez.", "Verifique cabo e corrente e tente de novo.",
            "Kabel und Strom prüfen, dann noch einmal.", "افحص الكابل والطاقة ثم أعد المحاولة.";
        ControllerLost: "Light and focus do not answer", "Luz y enfoque no responden", "Lumière et focus ne répondent pas",
            "Luz e foco não respondem", "Licht und Fokus antworten nicht", "الضوء والتركيز لا يستجيبان";
        ControllerLostLine: "The light is out. Check the cable to the camera's base; it goes on by itself.",
            "La luz está apagada. Revise el cable de la base; seguirá solo.",
            "La lumière est éteinte. Vérifiez le câble du socle ; la suite est automatique.",
            "A luz está apagada. Verifique o cabo da base; continua sozinho.",
            "Das Licht ist aus. Kabel zum Sockel prüfen; es geht von selbst weiter.",
            "الضوء مطفأ. افحص كابل القاعدة؛ سيستمر العمل تلقائياً.";
        BatteryEmpty: "The battery is empty", "La batería está vacía", "La batterie est vide", "A bateria está vazia",
            "Der Akku ist leer", "البطارية فارغة";
        BatteryEmptyLine: "Connect the charger. Everything so far is stored.",
            "Conecte el cargador. Todo lo hecho está guardado.", "Branchez le chargeur. Tout est enregistré.",
            "Ligue o carregador. Tudo está guardado.", "Ladegerät anschließen. Alles bisher ist gespeichert.",
            "صِل الشاحن. كل ما سبق محفوظ.";
        LightLimit: "This eye has had enough light", "Este ojo ya recibió suficiente luz", "Cet œil a reçu assez de lumière",
            "Este olho já recebeu luz suficiente", "Dieses Auge hatte genug Licht", "تلقت هذه العين ضوءاً كافياً";
        LightLimitLine: "No more photographs of it for 24 hours. Go on without it: the patient is referred for it.",
            "No más fotografías en 24 horas. Siga sin él: se deriva al paciente.",
            "Plus de photos pendant 24 heures. Continuez sans lui : le patient est adressé.",
            "Sem mais fotografias durante 24 horas. Siga sem ele: o doente é encaminhado.",
            "24 Stunden keine Aufnahmen mehr. Ohne dieses Auge weiter: Es wird überwiesen.",
            "لا صور أخرى لها خلال 24 ساعة. تابع بدونها: سيُحال المريض.";
        JudgingFailed: "Judging takes too long", "El análisis tarda demasiado", "L’analyse dure trop longtemps",
            "A análise demora demais", "Die Beurteilung dauert zu lange", "التقييم يستغرق وقتاً طويلاً";
        JudgingFailedLine: "Try again. The photograph is kept.", "Reintente. La fotografía se conserva.",
            "Réessayez. La photographie est gardée.", "Tente de novo. A fotografia é mantida.",
            "Noch einmal. Die Aufnahme bleibt erhalten.", "أعد المحاولة. الصورة محفوظة.";
        StoreFailed: "The photograph is not stored yet", "La fotografía aún no está guardada",
            "La photo n’est pas encore enregistrée", "A fotografia ainda não está guardada",
            "Noch nicht gespeichert", "لم تُحفظ الصورة بعد";
        StoreFailedLine: "Do not switch off. Try again; if this returns, call service.",
            "No apague. Reintente; si se repite, avise al servicio técnico.",
            "N’éteignez pas. Réessayez ; si cela revient, appelez le service.",
            "Não desligue. Tente de novo; se voltar, chame a assistência.",
            "Nicht ausschalten. Noch einmal; sonst Service rufen.",
            "لا توقف الجهاز. أعد المحاولة؛ إن تكرر ذلك فاتصل بالصيانة.";
        StoreFull: "The store is full", "El almacén está lleno", "Le stockage est plein", "O armazenamento está cheio",
            "Der Speicher ist voll", "التخزين ممتلئ";
        StoreFullLine: "Do not switch off. Make room or call service, then try again.",
            "No apague. Libere espacio o avise al servicio técnico y reintente.",
            "N’éteignez pas. Libérez de la place ou appelez le service, puis réessayez.",
            "Não desligue. Liberte espaço ou chame a assistência e tente de novo.",
            "Nicht ausschalten. Platz schaffen oder Service rufen, dann noch einmal.",
            "لا توقف الجهاز. وفّر مساحة أو اتصل بالصيانة ثم أعد المحاولة.";
    }
}

table! {
    /// Why a photograph has no result, and the one thing to do: title, then action.
    Poor {
        NotFundus: "This is not a retina", "Esto no es una retina", "Ce n’est pas une rétine", "Isto não é uma retina",
            "Das ist keine Netzhaut", "هذه ليست شبكية";
        NotFundusDo: "Move the camera in until the retina fills the circle.",
            "Acerque la cámara hasta que la retina llene el círculo.",
            "Approchez jusqu’à ce que la rétine remplisse le cercle.",
            "Aproxime até a retina encher o círculo.", "Heranfahren, bis die Netzhaut den Kreis füllt.",
            "قرّب الكاميرا حتى تملأ الشبكية الدائرة.";
        Blurred: "Blurred", "Borrosa", "Floue", "Desfocada", "Unscharf", "غير واضحة";
        BlurredDo: "Focus again, then take it again.", "Enfoque otra vez y repita.", "Refaites la mise au point et reprenez.",
            "Foque de novo e repita.", "Neu scharf stellen und wiederholen.", "أعد التركيز ثم التقط ثانية.";
        TooDark: "Too dark", "Demasiado oscura", "Trop sombre", "Demasiado escura", "Zu dunkel", "معتمة جداً";
        TooDarkDo: "Let the patient blink, open the eye wide, and centre the pupil.",
            "Haga parpadear, abra bien el ojo y centre la pupila.",
            "Faites cligner, ouvrez grand l’œil et centrez la pupille.",
            "Peça para piscar, abra bem o olho e centre a pupila.",
            "Blinzeln lassen, Auge weit öffnen, Pupille mittig stellen.", "دع المريض يرمش ويفتح عينه ووسّط الحدقة.";
        TooBright: "Too bright", "Demasiado clara", "Trop lumineuse", "Demasiado brilhante", "Zu hell", "ساطعة جداً";
        TooBrightDo: "Choose a weaker flash.", "Elija un flash más débil.", "Choisissez un flash plus faible.",
            "Escolha um flash mais fraco.", "Schwächeren Blitz wählen.", "اختر وميضاً أضعف.";
        UnevenLight: "Light on one side only", "Luz solo de un lado", "Lumière d’un seul côté", "Luz só de um lado",
            "Licht nur auf einer Seite", "الضوء من جهة واحدة";
        UnevenLightDo: "Move the camera until the light is even.", "Mueva la cámara hasta que la luz sea pareja.",
            "Déplacez la caméra jusqu’à une lumière égale.", "Mova a câmara até a luz ficar uniforme.",
            "Kamera bewegen, bis das Licht gleichmäßig ist.", "حرّك الكاميرا حتى يتساوى الضوء.";
        SmallPupil: "Small pupil", "Pupila pequeña", "Petite pupille", "Pupila pequena", "Kleine Pupille", "حدقة صغيرة";
        SmallPupilDo: "Darken the room and wait a minute.", "Oscurezca la sala y espere un minuto.",
            "Assombrissez la pièce et attendez une minute.", "Escureça a sala e espere um minuto.",
            "Raum abdunkeln und eine Minute warten.", "أظلم الغرفة وانتظر دقيقة.";
        EyelidOrLashes: "Eyelid or lashes in the way", "Párpado o pestañas delante", "Paupière ou cils devant",
            "Pálpebra ou pestanas à frente", "Lid oder Wimpern im Weg", "الجفن أو الرموش في الطريق";
        EyelidOrLashesDo: "Ask to open wide; lift the lid gently.", "Pida abrir bien; levante el párpado con cuidado.",
            "Demandez d’ouvrir grand ; levez doucement la paupière.",
            "Peça para abrir bem; levante a pálpebra com cuidado.", "Weit öffnen lassen; Lid sanft heben.",
            "اطلب فتح العين وارفع الجفن برفق.";
        FieldIncomplete: "Part of the retina is cut off", "Falta parte de la retina", "Une partie de la rétine manque",
            "Falta parte da retina", "Ein Teil der Netzhaut fehlt", "جزء من الشبكية مقطوع";
        FieldIncompleteDo: "Move the camera in and centre it.", "Acerque la cámara y céntrela.",
            "Approchez la caméra et centrez-la.", "Aproxime a câmara e centre-a.", "Kamera heranfahren und zentrieren.",
            "قرّب الكاميرا ووسّطها.";
        OffCentre: "Off centre", "Descentrada", "Décentrée", "Descentrada", "Nicht mittig", "خارج المركز";
        OffCentreDo: "Ask to look at the green light; centre the picture.", "Pida mirar la luz verde; centre la imagen.",
            "Demandez de fixer la lumière verte ; centrez l’image.", "Peça para olhar a luz verde; centre a imagem.",
            "Auf das grüne Licht sehen lassen; Bild zentrieren.", "اطلب النظر إلى الضوء الأخضر ووسّط الصورة.";
        Motion: "The eye moved", "El ojo se movió", "L’œil a bougé", "O olho mexeu-se", "Das Auge hat sich bewegt",
            "تحركت العين";
        MotionDo: "Ask to hold still, then take it again.", "Pida no moverse y repita.",
            "Demandez de ne pas bouger et reprenez.", "Peça para não mexer e repita.", "Stillhalten lassen und wiederholen.",
            "اطلب الثبات ثم التقط ثانية.";
        Clouded: "Clouded view", "Vista turbia", "Milieu trouble", "Vista turva", "Trübe Sicht", "رؤية ضبابية";
        CloudedDo: "Try once more. If it stays clouded, refer for an eye examination.",
            "Repita una vez. Si sigue turbia, derive para examen.",
            "Réessayez une fois. Si c’est toujours trouble, adressez le patient.",
            "Tente mais uma vez. Se continuar turva, encaminhe para exame.",
            "Einmal wiederholen. Bleibt es trüb, zur Untersuchung überweisen.",
            "حاول مرة أخرى. إن بقيت ضبابية فأحل المريض للفحص.";
        WrongEye: "Is this the other eye?", "¿Es el otro ojo?", "Est-ce l’autre œil ?", "É o outro olho?",
            "Ist das das andere Auge?", "هل هذه العين الأخرى؟";
        WrongEyeDo: "Check which eye is before the camera.", "Compruebe qué ojo está ante la cámara.",
            "Vérifiez quel œil est devant la caméra.", "Verifique que olho está diante da câmara.",
            "Prüfen, welches Auge vor der Kamera ist.", "تأكد أي عين أمام الكاميرا.";
        Unjudgeable: "No retina can be made out", "No se distingue la retina", "Aucune rétine reconnaissable",
            "Não se distingue a retina", "Keine Netzhaut erkennbar", "لا يمكن تمييز الشبكية";
        UnjudgeableDo: "Check the focus and that the eye is in front of the camera.",
            "Revise el enfoque y que el ojo esté ante la cámara.",
            "Vérifiez la mise au point et la position de l’œil.",
            "Verifique o foco e se o olho está diante da câmara.", "Schärfe prüfen, und ob das Auge vor der Kamera ist.",
            "تحقق من التركيز ومن أن العين أمام الكاميرا.";
        AlreadyTaken: "The same photograph again", "La misma fotografía otra vez", "La même photographie encore",
            "A mesma fotografia outra vez", "Dieselbe Aufnahme noch einmal", "الصورة نفسها مرة أخرى";
        AlreadyTakenDo: "Check the camera, then take a new one.", "Revise la cámara y tome otra.",
            "Vérifiez la caméra et prenez-en une autre.", "Verifique a câmara e tire outra.",
            "Kamera prüfen und neu aufnehmen.", "افحص الكاميرا ثم التقط صورة جديدة.";
        Damaged: "The photograph is damaged", "La fotografía está dañada", "La photographie est abîmée",
            "A fotografia está danificada", "Die Aufnahme ist beschädigt", "الصورة تالفة";
        DamagedDo: "Take it again.", "Repítala.", "Reprenez-la.", "Repita-a.", "Neu aufnehmen.", "التقطها مرة أخرى.";
        Failed: "The program failed on it", "El programa falló con ella", "Le programme a échoué", "O programa falhou",
            "Das Programm ist gescheitert", "فشل البرنامج في تقييمها";
        FailedDo: "Take it again. If this returns, call service.", "Repítala. Si vuelve a pasar, avise al servicio técnico.",
            "Reprenez-la. Si cela revient, appelez le service.", "Repita-a. Se voltar, chame a assistência.",
            "Neu aufnehmen. Kommt es wieder, Service rufen.", "التقطها ثانية. إن تكرر ذلك فاتصل بالصيانة.";
        TooClose: "Too close to tell", "Demasiado dudosa", "Trop incertain", "Demasiado incerta", "Zu knapp zu sagen",
            "غير حاسمة";
        TooCloseDo: "Refer for an eye examination.", "Derive para un examen ocular.", "Adressez pour un examen des yeux.",
            "Encaminhe para exame ocular.", "Zur Augenuntersuchung überweisen.", "أحل المريض لفحص العين.";
    }
}
