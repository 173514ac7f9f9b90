import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  chromiumPath,
  type Look,
  openPage,
  show,
  startBrowser,
  type WatchedPage,
} from './browser.ts';
import { parked, startPopulatedStack, texts } from './populated-stack.ts';

if (chromiumPath === undefined) {
  console.warn(
    'The console is not tried in a browser: there is neither chromium nor google-chrome in /usr/bin.',
  );
}

const views = {
  now: '?view=now',
  texts: '?view=texts&source=letters',
  record: '?view=record&id=emoji',
  try: '?view=try',
  failures: '?view=failures',
  models: '?view=models',
};
/** What the page asks for again within seconds, on a machine with other work to do. */
const SLOW = { timeout: 60_000 };

describe.skipIf(chromiumPath === undefined)('the console in a browser', () => {
  let stack: Awaited<ReturnType<typeof startPopulatedStack>>;
  let browser: Browser;
  let opened: WatchedPage[] = [];
  const open = async (search: string, look?: Look): Promise<Page> => {
    const watched = await openPage(browser, stack.origin, look);
    opened.push(watched);
    await show(watched.page, search);
    return watched.page;
  };

  beforeAll(async () => {
    [stack, browser] = await Promise.all([startPopulatedStack(), startBrowser()]);
  });
  afterEach(async () => {
    const faults = opened.flatMap((one) => one.faults);
    for (const { context } of opened) await context.close();
    opened = [];
    expect(faults).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await stack?.close();
  });

  it.each(Object.entries(views))(
    '%s is accessible, light and dark, and fits 360 px',
    async (_, search) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await open(search, {
          colorScheme,
          width: colorScheme === 'light' ? 1280 : 360,
        });
        if (search === views.failures) await page.locator('.failure summary').first().click();

        const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();

        expect(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
        ).toEqual([]);
        expect(
          await page.evaluate(() => {
            const { scrollWidth, clientWidth } = document.documentElement;
            return scrollWidth - clientWidth;
          }),
        ).toBeLessThanOrEqual(0);
      }
    },
  );

  it.each(Object.entries(texts))(
    'draws the text %s as text, its spans where they are',
    async (id, text) => {
      const page = await open(`?view=record&id=${id}`);
      const drawn = page.locator('.marked-text > [dir]');

      const isLong = id === 'long';
      if (isLong) await page.getByRole('button', { name: /^Show .* more of/ }).click();
      const shown = (await drawn.textContent()) ?? '';
      expect(isLong ? text.startsWith(shown.replace(/…$/, '')) : shown === text).toBe(true);
      expect(shown.length).toBeGreaterThan(Math.min(text.length, 20_000) - 1);
      expect(await drawn.locator(':not(span)').count()).toBe(0);
      const spans = await drawn
        .locator('[data-start]')
        .evaluateAll((elements) =>
          elements.map((element) => [
            Number(element.getAttribute('data-start')),
            element.textContent,
          ]),
        );
      expect(spans).toEqual(
        spans.map(([start, of]) => [start, text.slice(Number(start)).slice(0, String(of).length)]),
      );
      const { direction } = await drawn.evaluate((element) => getComputedStyle(element));
      expect(direction).toBe(id === 'hebrew' ? 'rtl' : 'ltr');
    },
  );

  it('keeps filters in the address, so that a link shows what one saw', async () => {
    const page = await open(views.texts);
    await page.locator('.result').first().waitFor();
    expect(await page.locator('.result').count()).toBe(Object.keys(texts).length);

    await page.getByRole('textbox', { name: 'Entity' }).fill('no such thing');
    await page.getByText('None of those that are shown passes the filters').waitFor();
    const again = await open(new URL(page.url()).search);

    expect(await again.getByRole('textbox', { name: 'Entity' }).inputValue()).toBe('no such thing');
    expect(await again.locator('.result').count()).toBe(0);
    await again.getByRole('button', { name: 'Clear filters' }).click();
    await again.locator('.result').first().waitFor();
    expect(new URL(again.url()).searchParams.get('entity')).toBeNull();
  });

  it('is walked by keyboard', async () => {
    const page = await open(views.texts);
    await page.locator('.result .span').first().waitFor();
    const focused = () => page.locator(':focus');

    await page.keyboard.press('Tab');
    expect(await focused().textContent()).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await focused().getAttribute('id')).toBe('content');
    await page.keyboard.press('Tab');
    expect(await focused().evaluate((element) => getComputedStyle(element).outlineStyle)).toBe(
      'solid',
    );
    const text = page.locator('.marked-text', { has: page.locator('.span ~ .span') }).first();
    await text.locator('[tabindex="0"]').focus();
    const first = await focused().getAttribute('data-start');
    await page.keyboard.press('ArrowRight');
    expect(Number(await focused().getAttribute('data-start'))).toBeGreaterThan(Number(first));
    expect(await focused().getAttribute('aria-label')).toMatch(/: .+, \d\.\d\d$/);
    await page.locator('.span-tip').waitFor();
    await page.keyboard.press('Escape');
    expect(await page.locator('.span-tip').count()).toBe(0);
    await page.getByRole('link', { name: 'Models' }).press('Enter');
    expect(await focused().textContent()).toBe('Models');
  });

  it('reads a text, and gives the request as a program', async () => {
    const page = await open(views.try);
    await page.getByLabel('Text').fill(texts.markup);
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByRole('heading', { name: 'Found' }).waitFor();

    expect(await page.locator('.marked-text > [dir]').evaluate((one) => one.textContent)).toBe(
      texts.markup,
    );
    await page.getByLabel('Python').check();
    expect(await page.locator('.copy-code code').textContent()).toContain(
      JSON.stringify(texts.markup),
    );
  });

  it('names the field at fault, and redrives what was parked', SLOW, async () => {
    const page = await open(views.failures);
    const items = page.locator('.failure', { hasText: 'parked-question' });
    const before = await page.locator('.failure').count();
    await items.locator('summary').click();

    expect(await items.locator('.at-fault').textContent()).toBe('questions[1]');
    expect((await items.locator('.bytes mark').textContent()).trim()).toBe('7');
    expect(before).toBe(Object.keys(parked).length);

    await items.getByRole('checkbox').first().check();
    await page.getByRole('button', { name: 'Redrive one object …' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Redrive one object' }).click();
    await page.getByText('1 redriven').waitFor();
    await items.getByText(/^redriven/).waitFor();
    // Its bytes came by the stream again, and are as wrong as before.
    await page.waitForFunction(
      (count) => document.querySelectorAll('.failure').length > count,
      before,
      SLOW,
    );
    expect(await items.count()).toBe(2);
  });

  it(
    'says that what it shows is old when the API cannot be reached, and goes on when it can',
    SLOW,
    async () => {
      const page = await open(views.now);
      await page.getByRole('heading', { name: 'Alarms' }).waitFor();

      await page.context().setOffline(true);
      await page
        .getByText(/Shown is what was known at .* It cannot be reached/)
        .first()
        .waitFor(SLOW);
      await page.context().setOffline(false);
      await page.getByRole('button', { name: 'Try again' }).first().click();

      await page.waitForFunction(() => document.querySelector('.stale') === null, undefined, SLOW);
    },
  );

  it('shows what streams by, and an alarm once it goes off', SLOW, async () => {
    const page = await open(views.now);
    const records = page.getByRole('region', { name: 'Records a second' });

    const alarm = page.locator('.alarm', { hasText: 'rejected-records' });
    await page.getByRole('heading', { name: 'Alarms' }).waitFor();
    await stack.endPeriod();
    await alarm.waitFor(SLOW);
    await records.getByRole('img').waitFor(SLOW);
    await records.getByText('As a table').click();

    expect(await page.locator('.count-alarm').textContent()).toMatch(/^\d+/);
    expect(await records.getByRole('img').getAttribute('aria-label')).toMatch(
      /Records a second: stored [\d.]+, least 0, most [\d.]+/,
    );
    expect(await records.locator('.points tbody tr').count()).toBeGreaterThanOrEqual(14);
  });

  it('asks for the key where the API wants one, keeps it for the tab alone, and shows the command', async () => {
    const watched = await openPage(browser, stack.origin);
    opened.push(watched);
    const { page } = watched;
    await page.route('**/console.json', async (route) => {
      const response = await route.fetch();
      const json = { ...(await response.json()), where: 'aws', needsKey: true, canRedrive: false };
      await route.fulfill({ response, json });
    });
    const keys = new Set<string | undefined>();
    page.on('request', (request) => {
      if (request.url().includes('/v1/')) keys.add(request.headers()['x-api-key']);
    });

    await page.goto(`/${views.failures}`);
    await page.getByLabel('API key').fill('the key');
    await page.getByRole('button', { name: 'Use this key' }).click();
    await page.locator('.failure').first().waitFor();

    expect([...keys]).toEqual(['the key']);
    expect(await page.locator('.copy-code code').textContent()).toMatch(/redrive/);
    expect(await page.getByRole('checkbox', { name: /^Choose/ }).count()).toBe(0);
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('the key');
    await page.reload();
    await page.locator('.failure').first().waitFor();
  });

  it('lists the models with their tasks', async () => {
    const page = await open(views.models);

    expect(await page.locator('article h2').allInnerTexts()).not.toEqual([]);
    expect(await page.getByRole('heading', { name: 'Drift' }).count()).toBe(1);
  });
});
