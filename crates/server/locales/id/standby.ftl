# TPI yang tetap berjalan ketika pusat tidak terjangkau.
standby-alone = Pusat tidak terjangkau.
standby-alone-since = Pusat tidak terjangkau sejak { $time }.
standby-catching-up = Pusat menjawab lagi dan sedang menerima yang tercatat di sini.
standby-copies-current = TPI ini berjalan dengan salinannya.
standby-copies-aged = TPI ini berjalan dengan salinannya. Keputusan yang terbit sejak itu belum termasuk.
standby-copies-old = Salinannya lebih tua dari 72 jam: konter tidak meloloskan siapa pun sendiri. Rujuk setiap pelintas ke pemeriksaan lanjutan.
standby-copies-unknown = Umur salinannya tidak diketahui: konter tidak meloloskan siapa pun sendiri. Rujuk setiap pelintas ke pemeriksaan lanjutan.
standby-copies-age = Umur salinan:
