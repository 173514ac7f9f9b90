import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** A Chromium of this machine; undefined where there is none. */
export const chromiumPath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);

const flags = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** Starts a browser without a window, with a profile of its own. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ ...(chromiumPath && { executablePath: chromiumPath }), args: flags });

/** How a page is looked at. */
export interface Look {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
}

/** A page with whatever went wrong in it: scripts that failed, what its policy refused, what it asked of other origins. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly faults: string[];
}

/** Opens a page of an origin, watched from before its first line ran. */
export async function openPage(
  browser: Browser,
  origin: string,
  { colorScheme = 'light', width = 1280 }: Look = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    baseURL: origin,
    colorScheme,
    viewport: { width, height: 900 },
    reducedMotion: 'reduce',
  });
  const faults: string[] = [];
  context.on('request', (request) => {
    const url = request.url();
    if (new URL(url).origin !== origin) faults.push(`asked of another origin: ${url}`);
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`failed: ${error.message}`));
  page.on('dialog', async (dialog) => {
    faults.push(`ran a script of a text: ${dialog.message()}`);
    await dialog.dismiss();
  });
  await page.exposeFunction('tellViolation', (what: string) =>
    faults.push(`refused by the policy: ${what}`),
  );
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      Reflect.get(window, 'tellViolation')(`${violatedDirective} ${blockedURI}`),
    );
  });
  return { page, context, faults };
}

/** Shows a view, once all that it asked for is there. */
export async function show(page: Page, search: string): Promise<void> {
  await page.goto(`/${search}`);
  await page.locator('main h1').waitFor();
  await page.waitForFunction(() => document.querySelector('.notice-loading') === null);
}
