//! Country codes: two letters as files have them, three as travel documents have them (ISO 3166-1; ICAO Doc 9303-3,
//! section 5). Must not guess: a code it does not know stays unknown.

const CODES: &str = "ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH \
BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ \
CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU \
DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB GBGBR \
GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND \
HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM \
KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR \
MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX \
MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL \
PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE \
SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO \
THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT \
VEVEN VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE XKXKX";

/// Codes of travel documents that are no country's (ICAO Doc 9303-3, section 5, parts B to D), without the specimens' UTO.
const DOCUMENTS: &str = "D GBD GBN GBO GBP GBS RKS EUE UNO UNA UNK XAA XBA XCC XCE XCO XDC XEC XES XIM XMP XOM XPO XXA XXB XXC XXX";
/// Utopia: only in specimens.
const SPECIMEN: &str = "UTO";

/// Whether a code of 1 to 3 letters may stand in a machine readable zone, specimens included.
pub fn is_known(code: &str) -> bool {
    let mut threes = CODES.split_whitespace().filter_map(|pair| pair.get(2..));
    code == SPECIMEN || DOCUMENTS.split(' ').any(|one| one == code) || threes.any(|one| one == code)
}

/// The three-letter code of what a file says, capital; `None` when it is no code.
pub fn alpha3(text: &str) -> Option<String> {
    let code = text.trim().to_uppercase();
    let mut known = CODES
        .split_whitespace()
        .filter_map(|pair| pair.split_at_checked(2));
    let found = match code.len() {
        2 => known.find(|(two, _)| *two == code).map(|(_, three)| three),
        3 if DOCUMENTS.split(' ').any(|one| one == code) => Some(code.as_str()),
        3 => known
            .find(|(_, three)| *three == code)
            .map(|(_, three)| three),
        _ => None,
    };
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_become_three() {
        for (text, expect) in [
            ("id", Some("IDN")),
            ("IDN", Some("IDN")),
            (" ru ", Some("RUS")),
            ("GB", Some("GBR")),
            ("XXA", Some("XXA")),
            ("ZZ", None),
            ("QQQ", None),
            ("", None),
            ("Indonesia", None),
        ] {
            assert_eq!(alpha3(text).as_deref(), expect, "{text}");
        }
        let all: Vec<&str> = CODES.split_whitespace().collect();
        assert!(all.iter().all(|pair| pair.len() == 5));
        let mut threes: Vec<&str> = all.iter().map(|pair| &pair[2..]).collect();
        threes.sort_unstable();
        threes.dedup();
        assert_eq!((all.len(), threes.len()), (250, 250));
    }
}
