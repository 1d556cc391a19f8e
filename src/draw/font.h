/* The letters of pictures: strokes on a grid, 12 steps from the top of capitals to the baseline, 8
 * for small letters, 4 below. Strokes, not dots, so that text is smooth at every size and in every
 * direction.
 *
 * A letter is strokes with spaces between. A stroke begins with its kind; points follow, two
 * characters each: x and y, `a` is 0, `b` is 1 ... y goes down. '/' straight lines; '~' a curve
 * from the first point to the last that the others pull; '@' a closed curve within the corners. The
 * curves are quadratic B-splines. */
#ifndef FM_FONT_H
#define FM_FONT_H

enum { FM_FONT_FIRST = ' ', FM_FONT_LAST = '~', FM_FONT_GAP = 3 /* between letters */ };

static const struct fm_letter {
    int width;
    const char *strokes;
} fm_letters[] = {
    {3, ""},                                  /* space */
    {1, "/aaai /alblbmamal"},                 /* ! */
    {3, "/aaad /dadd"},                       /* " */
    {8, "/dbcl /gbfl /aeie /aiii"},           /* # */
    {7, "~hdgbabaghghlalaj /eaem"},           /* $ */
    {9, "@aaeaeeae @fijijmfm /iabm"},         /* % */
    {8, "~imcecagagdaiamgmih"},               /* & */
    {0, "/aaad"},                             /* ' */
    {3, "~daadaldo"},                         /* ( */
    {3, "~aadddlao"},                         /* ) */
    {6, "/dbdh /acgg /gcag"},                 /* * */
    {8, "/edel /ahih"},                       /* + */
    {1, "/blao"},                             /* , */
    {6, "/ahgh"},                             /* - */
    {1, "/alblbmamal"},                       /* . */
    {5, "/faan"},                             /* / */
    {7, "@aahahghmamag"},                     /* 0 */
    {7, "/bdeaem"},                           /* 1 */
    {7, "~adaahahfam /amhm"},                 /* 2 */
    {7, "~acbagaggdg ~dghghmbmak"},           /* 3 */
    {7, "/fmfaaihi"},                         /* 4 */
    {7, "/gabaaf ~afcehehmamak"},             /* 5 */
    {7, "~gbeaaaai @aehehmam"},               /* 6 */
    {7, "/aahacm"},                           /* 7 */
    {7, "@bagaggbg @aghghmam"},               /* 8 */
    {7, "@aahahiai ~hehmdmbl"},               /* 9 */
    {1, "/aebebfafae /alblbmamal"},           /* : */
    {1, "/aebebfafae /blao"},                 /* ; */
    {7, "/hdahhl"},                           /* < */
    {8, "/afif /ajij"},                       /* = */
    {7, "/adhhal"},                           /* > */
    {6, "~adaagagfdfdi /dlelemdmdl"},         /* ? */
    {11, "@dehehjdj ~hehklklaaaaoin"},        /* @ */
    {8, "/ameaim /bihi"},                     /* A */
    {8, "/aaam ~aadahahgdgag ~agdgigimdmam"}, /* B */
    {8, "~ichaaaagamhmik"},                   /* C */
    {8, "/aaam ~aadaiaigimdmam"},             /* D */
    {7, "/haaaamhm /aggg"},                   /* E */
    {7, "/haaaam /aggg"},                     /* F */
    {8, "~ichaaaagamimih /ihfh"},             /* G */
    {8, "/aaam /iaim /agig"},                 /* H */
    {0, "/aaam"},                             /* I */
    {5, "~fafgfmamaj"},                       /* J */
    {8, "/aaam /haai /dfim"},                 /* K */
    {6, "/aaamgm"},                           /* L */
    {10, "/amaafjkakm"},                      /* M */
    {8, "/amaaimia"},                         /* N */
    {9, "@aajajgjmamag"},                     /* O */
    {7, "/aaam ~aadahahhdhah"},               /* P */
    {9, "@aajajgjmamag /gjjn"},               /* Q */
    {7, "/aaam ~aadahahhdhah /ehhm"},         /* R */
    {7, "~hcgaaaaghghmamak"},                 /* S */
    {8, "/aaia /eaem"},                       /* T */
    {8, "~aaagamimigia"},                     /* U */
    {8, "/aaemia"},                           /* V */
    {12, "/aadmgbjmma"},                      /* W */
    {8, "/aaim /iaam"},                       /* X */
    {8, "/aaegia /egem"},                     /* Y */
    {8, "/aaiaamim"},                         /* Z */
    {3, "/daaaaodo"},                         /* [ */
    {5, "/aafn"},                             /* \ */
    {3, "/aadadoao"},                         /* ] */
    {6, "/afdagf"},                           /* ^ */
    {8, "/aoio"},                             /* _ */
    {2, "/aacc"},                             /* ` */
    {6, "~bfcegegigm ~gidiaiamfmgj"},         /* a */
    {7, "/aaam ~ahbehehmbmaj"},               /* b */
    {6, "~ggfeaeamfmgk"},                     /* c */
    {7, "/hahm ~hhgeaeamgmhj"},               /* d */
    {7, "/aihi ~hiheaeamgmhk"},               /* e */
    {4, "~facacecm /aeee"},                   /* f */
    {7, "~hhgeaeamgmhj ~hehkhqbqao"},         /* g */
    {6, "/aaam ~ahbegegigm"},                 /* h */
    {0, "/aeam /aaab"},                       /* i */
    {2, "~cecicqaq /cacb"},                   /* j */
    {6, "/aaam /geaj /cigm"},                 /* k */
    {2, "~aaajamcm"},                         /* l */
    {10, "/aeam ~ahbefefifm ~fhgekekikm"},    /* m */
    {6, "/aeam ~ahbegegigm"},                 /* n */
    {7, "@aehehmam"},                         /* o */
    {7, "/aeaq ~ahbehehmbmaj"},               /* p */
    {7, "/hehq ~hhgeaeamgmhj"},               /* q */
    {4, "/aeam ~ahbeee"},                     /* r */
    {6, "~gffeaeaigigmbmal"},                 /* s */
    {5, "~cbcicmfm /aeee"},                   /* t */
    {6, "~aeaiamfmgj /gegm"},                 /* u */
    {6, "/aedmge"},                           /* v */
    {10, "/aecmffimke"},                      /* w */
    {6, "/aegm /geam"},                       /* x */
    {6, "/aedm /gebq"},                       /* y */
    {6, "/aegeamgm"},                         /* z */
    {4, "~eacachah ~ahchcoeo"},               /* { */
    {0, "/aaao"},                             /* | */
    {4, "~aacacheh ~ehchcoao"},               /* } */
    {8, "~aicegkig"},                         /* ~ */
};
static const struct fm_letter fm_letter_unknown = {6, "/aagagmamaa"};

#endif
