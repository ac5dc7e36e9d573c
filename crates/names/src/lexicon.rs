//! Words of names that everybody uses: titles, particles, the commonest parts and short forms. General knowledge, no list
//! of people. Must not hold a rare name: it would be somebody's.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::OnceLock,
};

use crate::word::Word;

/// What a known word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// An address, office or pilgrimage: says nothing about who it is.
    Title,
    /// Belongs to the part after it.
    Particle,
    /// A part that very many people have, by its group: all spellings of a name share one.
    Common {
        /// 1, 2, ...
        group: u16,
        /// Thousandths of the weight of a rare part.
        weight: u16,
        /// All usual spellings of this name are in the table: another group is another name, however near.
        distinct: bool,
    },
}

/// Before and after names, in Indonesian, Arabic, English and the languages near them.
const TITLES: &str = "h hj ir drs dra dr prof mr mrs ms miss mister sir lady lord dame haji hajj hajji hajjah hajah haj \
    shaikh sheikh shaykh syekh syeikh sheik cheikh mullah mulla molla maulavi maulawi mawlawi molvi kyai kh ust \
    ustad ustadz ustaz ny nn tn tuan nyonya nona bapak raden rr rm gusti datuk dato tengku teuku president praesident \
    presiden prasident minister general gen col colonel capt captain sheriff ayatollah hojjat gospodin herr frau senor monsieur madame mme mlle jenderal letjen mayjen brigjen kolonel kombes akbp";

/// Degrees that follow a name in Indonesia and elsewhere, written without dots.
const DEGREES: &str = "sh se st mh mm msi mt mkom skom sos ssos sip sag spd mpd phd md mba ma bsc msc ba spog lc esq jr sr ii iii llm";

const PARTICLES: &str = "al el ul ur ud ad as ar an az at bin ben ibn bn ibnu bint binti binte bte abu abou aboe umm um de da do dos das \
    du del della di la le van von der den ter te zu zum af av na wa";

/// Names by group, `weight: spellings | spellings`: how much such a part says, of 1000. Groups marked `!` list every usual
/// spelling, so that two of them are two names.
const COMMON: &[(u16, bool, &str)] = &[
    (
        250,
        true,
        "abd abdul abdel abdal abdoul abdool abdu abdi abdur abder abdus abdud",
    ),
    (
        450,
        true,
        "muhammad mohammad mohammed mohamed mohamad muhamad muhammed muhamed mochamad mochammad muchamad muchammad mohd muhd moh muh \
         mohamud muxamed maxamed magomed mukhammad mukhamed mahamat mamadou mehmet mohommad mhmd | ahmad ahmed achmad akhmad achmed axmed \
         ahmat ahmd | ali aly | abdullah abdallah abdulla abdalla abdoulaye abdullahi abdillah cabdullaahi cabdullaah abdallh abdulloh",
    ),
    (
        600,
        true,
        "hasan hassan hasen hsn | husain hussain hussein husein hossein hoessein xuseen hsyn | ibrahim ebrahim ibraheem ibrohim ibrahym abrahym | ismail \
         ismael esmail | yusuf yousef youssef yousuf yusof joesoef jusuf yousif yusup ywsf | umar omar oemar cumar | usman osman othman utsman \
         oesman uthman | rahman rehman rachman rohman rochman rahmaan | rahim raheem rachim rochim | karim kareem kerim | aziz azeez | \
         latif lateef | hakim hakeem | salim saleem | salman selman | sulaiman suleiman sulayman soleiman sulaeman soleman | khalid chalid \
         halid khaled | said saeed saiid | sayyid sayed sayid syed seyed seyyed sayyed | mustafa mostafa mustofa mustapha moustafa | hamid \
         hameed chamid | mahmud mahmoud mahmood machmud mhmwd | kamal kamel kemal | jamal gamal djamal djamel jamaal | tariq tarek tarik tareq \
         | anwar anwer anouar | malik malek | khan | yahya yahia jahja | nur noor nour noer | hamza hamzah | musa mousa moussa moosa | isa \
         eisa issa | daud dawud dawood | fatimah fatima fathimah fatma | aisyah aisha aishah ayesha aisjah | khadijah khadija \
         chadijah | maryam mariam maryam | zainab zaynab zeinab | aminah amina | abbas | akbar | iqbal | rashid rasheed rasjid rasyid rachid \
         | nasir nasser naser naseer | jafar jaafar djafar | habib | bakr bakar bakri | sadiq sadik sadegh | wali | agha aga | singh | kaur | \
         kumar | begum | siti sitti | sri | agus | budi | putra | putri | dewi | hidayat | setiawan | santoso | susanto | wijaya | \
         kurniawan | saputra | saputri | lestari | rahmawati | wahyu | bambang | slamet | suharto soeharto | sukarno soekarno | hendra | \
         dwi | tri | eko | sari | andi | rudi | hadi | indra | yanti | wati | ningsih | dian | joko djoko | yudi | arif arief | rizki \
         rizky | fitri | nugroho | pratama | ramadhan | susilo | utomo | widodo | gunawan | suryadi | hartono | iwan | irwan | made | wayan \
         | ketut | nyoman njoman | putu | kadek | gede | komang",
    ),
    (
        650,
        false,
        "john | james | robert | william | michael | david | maria | jose | juan | anna | peter | paul | thomas | george | charles | \
         richard | joseph | daniel | mark | elizabeth | mary | smith | jones | brown | williams | johnson | garcia | rodriguez | martinez | \
         hernandez | lopez | gonzalez | perez | silva | santos | sousa | ivan | alexander | sergei sergey sergej | vladimir | andrei andrey \
         | dmitri dmitry dmitriy | aleksei alexei | mikhail | nikolai nikolay | elena | olga | natalia | tatiana | ivanov | petrov | muller \
         | jean | marie | pierre | nguyen | tran | pham | carlos | luis | antonio | manuel | francisco | pedro",
    ),
];

/// Surnames of China and Korea: with one of them, syllables apart are one given name. Spellings of one name share a group.
const EASTERN: &str = "kim gim | lee yi ri rhee i rhie | park pak bak | choe choi | jung jeong chong chung | kang gang | cho jo | \
    yun yoon | jang | lim im rim | han | oh o | seo so suh | shin sin | kwon gwon | hwang | ahn an | song | ryu yu yoo | hong | \
    jon jeon chon | ko go | mun moon | son sohn | pae bae | paek baek | ho heo hur | nam | sim shim | no roh noh | ku koo gu | chu joo \
    ju | min | pyon byun | cha | yon | tae | xi hsi | li | wang wong | zhang chang cheung | liu lau | chen tan chan | yang young | huang | \
    zhao chao | wu | zhou chou chow | xu hsu | sun | ma | zhu | hu | guo kuo | he | gao kao | lin | luo lo | zheng cheng | liang leung | \
    xie hsieh | tang | deng teng | feng | cao tsao | peng | zeng tseng tsang | xiao hsiao | tian tien | dong tung | pan | yuan | cai tsai | \
    jiang chiang | yuu | ye yeh | su | lu | ding ting | ren jen | shen | yao | zhong chung | cui tsui | liao | fan | shi shih | jia chia | \
    xia hsia | fu | fang | zou tsou | xiong | bai | meng | qin chin | qiu chiu | hou | xue | duan | lei | hao | kong kung | shao | wan | \
    mao | mo | wei | ban bang | ha | ham | hyun hyon | na | sung seong | sok seok | won | yeo | yeom yom | eom um | ok | tak | \
    pyo | ki | kil gil | myung myong";

/// Short forms of given names: `full short short`.
const SHORT: &str = "william bill will billy | robert bob rob bobby | richard dick rick rich | james jim jimmy | john jack johnny | \
    joseph joe | thomas tom tommy | michael mike mick | david dave | daniel dan danny | edward ed eddie ted | charles charlie chuck | \
    benjamin ben benny | samuel sam | anthony tony | andrew andy drew | matthew matt | christopher chris | nicholas nick | steven steve | \
    timothy tim | gregory greg | lawrence larry | elizabeth liz beth betty | margaret maggie peggy meg | katherine kate kathy katie | \
    jennifer jen jenny | patricia pat patty | susan sue | deborah debbie | barbara barb | rebecca becky | aleksandr sasha | \
    mikhail misha | dmitri dima mitya | vladimir volodya vova | sergei seryozha | nikolai kolya | ivan vanya | ekaterina katya | anastasia \
    nastya | maria masha | natalia natasha | tatiana tanya | yelena lena | francisco paco pancho | jose pepe | guadalupe lupe | \
    abdurrahman gus dur";

/// What the tables say about a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Title, particle or common name.
    pub known: Option<Known>,
    /// An academic degree.
    pub degree: bool,
    /// The group of a Chinese or Korean surname; 0 is none.
    pub eastern: u16,
    /// The group of a given name and its short forms; 0 is none.
    pub short: u16,
}

/// The tables, looked up by spelling.
pub struct Lexicon(HashMap<Word, Entry, BuildHasherDefault<Fnv>>);

/// Groups of the eastern surnames start here, so that they never meet the others.
const EASTERN_FROM: u16 = 2000;

/// The tables, built once.
pub fn lexicon() -> &'static Lexicon {
    static BUILT: OnceLock<Lexicon> = OnceLock::new();
    BUILT.get_or_init(Lexicon::build)
}

impl Lexicon {
    fn build() -> Self {
        let mut all = Lexicon(HashMap::default());
        let mut group = 0;
        for (weight, distinct, names) in COMMON {
            for spellings in names.split('|') {
                group += 1;
                let common = Known::Common {
                    group,
                    weight: *weight,
                    distinct: *distinct,
                };
                all.each(spellings, |entry| entry.known = Some(common));
            }
        }
        all.each(TITLES, |entry| entry.known = Some(Known::Title));
        all.each(PARTICLES, |entry| entry.known = Some(Known::Particle));
        all.each(DEGREES, |entry| entry.degree = true);
        for (group, spellings) in (EASTERN_FROM..).zip(EASTERN.split('|')) {
            all.each(spellings, |entry| {
                entry.eastern = if entry.eastern == 0 {
                    group
                } else {
                    entry.eastern
                }
            });
        }
        for (group, spellings) in (1..).zip(SHORT.split('|')) {
            all.each(spellings, |entry| entry.short = group);
        }
        all
    }

    fn each(&mut self, words: &str, set: impl Fn(&mut Entry)) {
        for word in words.split_whitespace() {
            set(self.0.entry(Word::of(word.as_bytes())).or_default());
        }
    }

    /// What is known of this word.
    pub fn entry(&self, word: &Word) -> Entry {
        self.0.get(word).copied().unwrap_or_default()
    }
}

/// FNV-1a: quick for words of a few letters that nobody outside chooses.
#[derive(Clone, Copy)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str) -> Entry {
        lexicon().entry(&Word::of(name.as_bytes()))
    }

    fn group(name: &str) -> Option<u16> {
        match entry(name).known {
            Some(Known::Common { group, .. }) => Some(group),
            _ => None,
        }
    }

    #[test]
    fn spellings_of_one_name_are_one_group() {
        assert!(group("muhammad").is_some());
        assert_eq!(group("muhammad"), group("moh"));
        assert_eq!(group("sukarno"), group("soekarno"));
        assert_ne!(group("rahim"), group("rahman"));
        assert_eq!(entry("hj").known, Some(Known::Title));
        assert_eq!(entry("binti").known, Some(Known::Particle));
        assert!(entry("msi").degree);
        assert!(entry("ri").eastern > 0 && entry("ri").eastern == entry("lee").eastern);
        assert!(entry("bill").short > 0 && entry("bill").short == entry("william").short);
        assert_eq!(entry("fajrin"), Entry::default());
    }
}
