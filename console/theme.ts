import { useState } from 'preact/hooks';

const KEY = 'spanstream-theme';

/** How the page is lit; `auto` is as the system says. */
export const themes = ['auto', 'light', 'dark'] as const;

type Theme = (typeof themes)[number];

/** Told to the window when the theme was changed: what is drawn on a canvas takes its colours anew. */
export const THEME_CHANGED = 'spanstream-theme';

function storedTheme(): Theme {
  // A browser may forbid storage; the page then follows the system.
  try {
    return themes.find((theme) => theme === localStorage.getItem(KEY)) ?? 'auto';
  } catch {
    return 'auto';
  }
}

/** Lights the page as it was lit last. */
export function applyTheme(theme: Theme = storedTheme()): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  window.dispatchEvent(new Event(THEME_CHANGED));
}

/** The theme, and how it is changed. */
export function useTheme() {
  const [theme, setTheme] = useState(storedTheme);
  const change = (next: Theme) => {
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // It holds until the page is left.
    }
    setTheme(next);
    applyTheme(next);
  };
  return [theme, change] as const;
}
