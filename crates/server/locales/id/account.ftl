# Kata-kata halaman; kunci yang sama ada dalam bahasa Inggris.
account-many = Akun
account-name = Nama
account-role = Peran
account-place = Tempat
account-all-sites = semua lokasi
account-state = Keadaan
account-open = aktif
account-closed = ditutup
account-must-change = sekali pakai
account-actions = Tindakan
account-reset = Kata sandi baru
account-close = Tutup
account-new = Akun baru
account-add = Buat akun
account-one-time-title = Kata sandi sekali pakai untuk { $name }
account-one-time-text = Hanya ditampilkan sekali ini. Sampaikan langsung; pada masuk pertama ia harus diganti.
account-closed-notice = Akun ditutup dan sesinya diakhiri.
