import { themes, useTheme } from '../theme.ts';

const names = { auto: 'As the system', light: 'Light', dark: 'Dark' } as const;

/** Light, dark, or as the system says. */
export function ThemeSwitch() {
  const [theme, setTheme] = useTheme();
  return (
    <label class="theme-switch">
      <span>Theme</span>
      <select
        value={theme}
        onChange={({ currentTarget: { value } }) =>
          setTheme(themes.find((one) => one === value) ?? 'auto')
        }
      >
        {themes.map((one) => (
          <option key={one} value={one}>
            {names[one]}
          </option>
        ))}
      </select>
    </label>
  );
}
