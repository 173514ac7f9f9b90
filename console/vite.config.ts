import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that any origin and any folder may serve it.
  base: './',
  logLevel: 'warn',
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    // Nothing is inlined and nothing is added that would run from a string: the content security policy allows neither.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/v1', '/console'].map((path) => [
        path,
        process.env.SPANSTREAM_CONSOLE_URL ?? 'http://127.0.0.1:4572',
      ]),
    ),
  },
});
