# Kata-kata halaman; kunci yang sama ada dalam bahasa Inggris.
audit-title = Jejak audit
audit-lead = Setiap perubahan dan setiap pandangan pada foto, dirangkai dengan hash. Tanpa nama dan tanpa wajah.
audit-verify = Periksa rantai
audit-verified = Rantai utuh.
audit-verified-text = { $n } baris diperiksa; tidak ada yang diubah, dihapus, atau ditukar.
audit-broken = Rantai rusak.
audit-broken-text = { $why } Simpan basis data apa adanya dan beri tahu petugas pelindungan data.
audit-seq = No.
audit-when = Waktu
audit-who = Siapa
audit-what = Apa
audit-subject = Pada
audit-detail = Rincian
audit-newest = Terbaru
