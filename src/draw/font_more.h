/* More letters of pictures, as strokes like those of font.h: Latin letters with accents, which are
 * a letter and an accent, and Greek letters and signs of formulas, which are whole. */
#ifndef FM_FONT_MORE_H
#define FM_FONT_MORE_H

#include "font.h"

#include <stdbool.h>
#include <stdint.h>

/* An accent lies on rows a..d, above small letters, or four rows higher, above all others; `below`
 * hangs from the baseline. */
static const struct fm_accent {
    struct fm_letter shape;
    char sign;
    bool below;
} fm_accents[] = {
    {{2, "/aacc"}, '`', false},       {{2, "/caac"}, '\'', false},      {{4, "/accaec"}, '^', false},  {{5, "~abcadcfb"}, '~', false},
    {{4, "/abbb /dbeb"}, ':', false}, /* two dots */
    {{3, "@aadaddad"}, 'o', false},   {{4, "/aaccea"}, 'v', false},     {{4, "/abeb"}, '-', false},    {{4, "~aaacecea"}, 'u', false},
    {{1, "/abbb"}, '.', false},       {{5, "/caac /fadc"}, '=', false}, {{3, "~bmcodqaq"}, ',', true}, {{3, "~cmaoaqcq"}, ';', true},
};

enum { FM_ACCENTED_FIRST = 0xC0, FM_ACCENTED_LAST = 0x17F };
/* U+00C0..U+017F: the letter and the sign of its accent; empty: none, or whole in the list
 * below. */
static const char fm_accented[][3] = {
    "A`", "A'", "A^", "A~", "A:", "Ao", "",   "C,", "E`", "E'", "E^", "E:", "I`", "I'", "I^", "I:", "",   "N~", "O`", "O'", "O^", "O~",
    "O:", "",   "",   "U`", "U'", "U^", "U:", "Y'", "",   "",   "a`", "a'", "a^", "a~", "a:", "ao", "",   "c,", "e`", "e'", "e^", "e:",
    "i`", "i'", "i^", "i:", "",   "n~", "o`", "o'", "o^", "o~", "o:", "",   "",   "u`", "u'", "u^", "u:", "y'", "",   "y:", "A-", "a-",
    "Au", "au", "A;", "a;", "C'", "c'", "C^", "c^", "C.", "c.", "Cv", "cv", "Dv", "dv", "",   "",   "E-", "e-", "Eu", "eu", "E.", "e.",
    "E;", "e;", "Ev", "ev", "G^", "g^", "Gu", "gu", "G.", "g.", "G,", "g,", "H^", "h^", "",   "",   "I~", "i~", "I-", "i-", "Iu", "iu",
    "I;", "i;", "I.", "",   "",   "",   "J^", "j^", "K,", "k,", "",   "L'", "l'", "L,", "l,", "Lv", "lv", "",   "",   "",   "",   "N'",
    "n'", "N,", "n,", "Nv", "nv", "",   "",   "",   "O-", "o-", "Ou", "ou", "O=", "o=", "",   "",   "R'", "r'", "R,", "r,", "Rv", "rv",
    "S'", "s'", "S^", "s^", "S,", "s,", "Sv", "sv", "T,", "t,", "Tv", "tv", "",   "",   "U~", "u~", "U-", "u-", "Uu", "uu", "Uo", "uo",
    "U=", "u=", "U;", "u;", "W^", "w^", "Y^", "y^", "Y:", "Z'", "z'", "Z.", "z.", "Zv", "zv", "",
};

static const struct fm_whole {
    uint16_t code;
    struct fm_letter shape;
} fm_whole[] = {
    {0x00AB, {8, "/deahdl /iefhil"}},                                /* left-pointing double angle quotation mark */
    {0x00B0, {3, "@aadaddad"}},                                      /* degree sign */
    {0x00B1, {8, "/ebej /afif /amim"}},                              /* plus-minus sign */
    {0x00B2, {4, "~abaaeaecag /ageg"}},                              /* superscript two */
    {0x00B3, {4, "~abaaeaedbd ~bdedegagaf"}},                        /* superscript three */
    {0x00B5, {6, "/aeaq ~aeajamfmgj /gegm"}},                        /* micro sign */
    {0x00B7, {1, "/agbgbhahag"}},                                    /* middle dot */
    {0x00B9, {2, "/abcacg"}},                                        /* superscript one */
    {0x00BB, {8, "/aedhal /fehifl"}},                                /* right-pointing double angle quotation mark */
    {0x00C6, {13, "/amgana /gagmnm /ggmg /cigi"}},                   /* latin capital letter ae */
    {0x00D7, {6, "/afgl /gfal"}},                                    /* multiplication sign */
    {0x00D8, {9, "@aajajgjmamag /ibal"}},                            /* latin capital letter o with stroke */
    {0x00DF, {6, "~amacaafafecf ~cfgfgmcm"}},                        /* latin small letter sharp s */
    {0x00E6, {13, "~bfcegegigm ~gidiaiamfmgj /gini ~ninegegmmmnk"}}, /* latin small letter ae */
    {0x00F7, {8, "/ahih /dedfefeede /dkdlelekdk"}},                  /* division sign */
    {0x00F8, {7, "@aehehmam /gebm"}},                                /* latin small letter o with stroke */
    {0x0131, {0, "/aeam"}},                                          /* latin small letter dotless i */
    {0x0141, {7, "/babmhm /ahed"}},                                  /* latin capital letter l with stroke */
    {0x0142, {3, "~bababjbmdm /ahdf"}},                              /* latin small letter l with stroke */
    {0x0152, {14, "~hahaaaagamhm /hahm /haoa /hmom /hgng"}},         /* latin capital ligature oe */
    {0x0153, {14, "@aehehmam /hioi ~oioehehmnmok"}},                 /* latin small ligature oe */
    {0x0393, {7, "/amaaha"}},                                        /* greek capital letter gamma */
    {0x0394, {8, "/ameaimam"}},                                      /* greek capital letter delta */
    {0x0398, {9, "@aajajgjmamag /cghg"}},                            /* greek capital letter theta */
    {0x039B, {8, "/ameaim"}},                                        /* greek capital letter lamda */
    {0x03A0, {8, "/amaaiaim"}},                                      /* greek capital letter pi */
    {0x03A3, {7, "/haaaegamhm"}},                                    /* greek capital letter sigma */
    {0x03A6, {10, "@adkdkjaj /fafm"}},                               /* greek capital letter phi */
    {0x03A8, {10, "~aaadaikikdka /fafm"}},                           /* greek capital letter psi */
    {0x03A9, {8, "~cmahaaiaihgm /amcm /gmim"}},                      /* greek capital letter omega */
    {0x03B1, {8, "~ieemamaeeeim"}},                                  /* greek small letter alpha */
    {0x03B2, {7, "~aqacaafafecf ~cfhfhmbmaj"}},                      /* greek small letter beta */
    {0x03B3, {7, "/aedlhe /dldq"}},                                  /* greek small letter gamma */
    {0x03B4, {7, "@aehehmam ~ghbdbagaga"}},                          /* greek small letter delta */
    {0x03B5, {6, "~gfgebebhdh ~dhahamfmgl"}},                        /* greek small letter epsilon */
    {0x03B6, {6, "/bafa ~faafamfmfoeq"}},                            /* greek small letter zeta */
    {0x03B7, {6, "/aeam ~ahbegegigq"}},                              /* greek small letter eta */
    {0x03B8, {7, "@aahahmam /bggg"}},                                /* greek small letter theta */
    {0x03BA, {6, "/aeam /geai /cggm"}},                              /* greek small letter kappa */
    {0x03BB, {7, "/bahm /egam"}},                                    /* greek small letter lamda */
    {0x03BC, {6, "/aeaq ~aeajamfmgj /gegm"}},                        /* greek small letter mu */
    {0x03BD, {6, "/aedmge"}},                                        /* greek small letter nu */
    {0x03BE, {6, "/bafa ~facacffg ~fgagamfmfoeq"}},                  /* greek small letter xi */
    {0x03C0, {8, "/aeie /cecm /gegm"}},                              /* greek small letter pi */
    {0x03C1, {7, "~aqajaehehmbmaj"}},                                /* greek small letter rho */
    {0x03C3, {8, "@aehehmam /deie"}},                                /* greek small letter sigma */
    {0x03C4, {6, "/aege /dedm"}},                                    /* greek small letter tau */
    {0x03C6, {8, "@aeieimam /ebeq"}},                                /* greek small letter phi */
    {0x03C7, {7, "/aehq /heaq"}},                                    /* greek small letter chi */
    {0x03C8, {8, "~aeajamimijie /eceq"}},                            /* greek small letter psi */
    {0x03C9, {10, "~beamfmfh ~fhfmkmje"}},                           /* greek small letter omega */
    {0x2013, {8, "/ahih"}},                                          /* en dash */
    {0x2014, {12, "/ahmh"}},                                         /* em dash */
    {0x2016, {3, "/aaao /dado"}},                                    /* double vertical line */
    {0x2018, {1, "/aabd"}},                                          /* left single quotation mark */
    {0x2019, {1, "/baad"}},                                          /* right single quotation mark */
    {0x201C, {4, "/aabd /daed"}},                                    /* left double quotation mark */
    {0x201D, {4, "/baad /eadd"}},                                    /* right double quotation mark */
    {0x2026, {9, "/alblbmamal /elflfmemel /iljljmimil"}},            /* horizontal ellipsis */
    {0x2070, {4, "@aaeaegag"}},                                      /* superscript zero */
    {0x207B, {4, "/adfd"}},                                          /* superscript minus */
    {0x2080, {4, "@akekeqaq"}},                                      /* subscript zero */
    {0x2081, {2, "/alckcq"}},                                        /* subscript one */
    {0x2082, {4, "~alakekemaq /aqeq"}},                              /* subscript two */
    {0x2190, {10, "/ahkh /deahdk"}},                                 /* leftwards arrow */
    {0x2192, {10, "/ahkh /hekhhk"}},                                 /* rightwards arrow */
    {0x2202, {6, "@afgfgmam ~gjgadabb"}},                            /* partial differential */
    {0x2207, {8, "/aaiaemaa"}},                                      /* nabla */
    {0x2212, {8, "/ahih"}},                                          /* minus sign */
    {0x221A, {8, "/agbgdmia"}},                                      /* square root */
    {0x221E, {12, "~ghikmkmemeiegh ~ghekakaeaeeegh"}},               /* infinity */
    {0x222B, {6, "~gbgadadgdodqaqap"}},                              /* integral */
    {0x2248, {8, "~agccgiie ~akcggmii"}},                            /* almost equal to */
    {0x2260, {8, "/afif /ajij /gccm"}},                              /* not equal to */
    {0x2264, {7, "/hcaghk /amhm"}},                                  /* less-than or equal to */
    {0x2265, {7, "/achgak /amhm"}},                                  /* greater-than or equal to */
};

#endif
