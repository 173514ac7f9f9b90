// Made by fixtures/tokenizers/make-grapheme-ranges.py with tokenizers 0.23.3. Do not edit.

/** Characters that belong to the one before them, as runs `gap.length` in base 36. */
export const packedExtenders =
  'lc.34 7n.7 7b.19 1.1 1.2 1.2 1.1 20.b 1c.l g.1 2t.7 2.6 2.2 1.4 z.1 u.r 2j.b 1m.9 9.1 o.4 1.9 1.3 1.5 17.3 1n.9 16.o 1.x 1i.3 1.i 1.7 a.2 t.3 1k.1 1.7 2.2 2.3 9.1 a.2 q.1 2.3 1k.1 1.5 4.2 2.3 3.1 u.2 3.1 b.3 1k.1 1.8 1.3 1.3 k.2 m.6 1.3 1k.1 1.7 2.2 2.3 7.3 a.2 u.1 1n.5 3.3 1.4 9.1 14.5 1j.1 1.7 1.3 1.4 7.2 b.2 t.3 1k.1 1.7 1.3 1.4 7.2 b.2 f.1 c.4 1j.2 1.7 1.3 1.4 9.1 a.2 t.3 1y.1 4.6 1.1 1.8 i.2 1p.1 1.8 c.8 2q.1 1.a b.7 21.2 r.1 1.1 1.1 4.2 1d.k 1.2 5.b 1.10 9.1 2u.b 1.6 n.4 4.3 g.4 d.1 1.3 6.1 f.1 jj.3 qa.4 s.3 t.2 u.2 1s.w 9.1 19.3 1.1 39.2 y.1 3a.c 4.c 63.5 1l.a 1.1 1.1 2.o 2.1 1c.1a 2.c k.5 1b.h 12.9 c.3 u.d 1k.e 1c.k 48.3 1.l 4.1 6.1 2.3 5i.1s ek.2 5e.x 2da.3 3x.1 2o.w fe.6 2x.2 n9w.4 1.a w.2 28.2 7k.1 3.1 4.1 n.5 4.1 2b.2 1e.i q.i d.1 12.8 p.d 18.4 1b.e 10.1 1v.e c.1 8.2 1a.1 1f.1 1.3 2.2 5.2 1.1 15.5 5.2 6k.8 1.2 fn4.1 kh.g g.g a6.2 gt.1 6a.1 45.5 1ae.3 1.2 5.4 14.3 4.1 4l.2 fx.4 1t.5 8t.2 25.6 1y.b 1d.4 3e.3 1h.f 15.1 2.2 a.4 19.b 7.1 1p.3 10.e g.2 18.1 c.3 1c.e 8.4 1.2 2k.c 6.1 2.1 4d.c l.4 1j.2 1.7 2.2 2.3 9.1 a.2 2.7 3.5 1v.9 1.1 2.1 1.4 1.5 1.1 e.2 2a.i n.1 29.k 6j.7 2.9 r.2 2a.h 2y.d 2t.3 2.a 74.f 6t.6 1.2 2.4 1.1 1.2 3x.7 2.7 3.1 s.a 14.7 1.4 8.1 9.b 1a.g 5i.8 5j.8 1.8 2a.m 1.e 3e.6 3.1 1.2 1.7 1.1 1u.5 1.2 1.5 9n.4 9.2 1.1 1c.7 3.5 n.1 44l.1 6.f 8ug.i 1xc.5 1n.7 t4.1 1.1j 7.4 29.1 b.2 f57.2 3mp.1a 2.n f2.5 3.6 8.8 2.7 u.4 44.3 1iz.1j 4.1e 8.1 e.1 m.5 1.f 11s.7 1.h 2.7 1.2 1.5 2s.1 4g.7 af.1 1p.4 e4.4 72.2 6r.1 2.1 7.2 5.1 d6.7 31.7 240.5 gx7k.2o 3k.6o';

/** Characters that the one after them belongs to, as runs `gap.length` in base 36. */
export const packedPrepended =
  '16o.6 5z.1 1d.1 ao.2 28.1 vf.1 1f8u.1 f.1 6s.2 el.1 12l.1 1.1 8y.6 jg.1 cb.1';

/** Characters that nothing belongs to, as runs `gap.length` in base 36. */
export const packedControls = '0.w 2n.x d.1 12m.1 3jl.1 1ks.1 2.2 o.7 1d.5 1.a 17yn.1 6x.3';
