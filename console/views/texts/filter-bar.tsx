import { useEffect, useId, useState } from 'preact/hooks';
import { Choice, Field } from '../../components/field.tsx';
import { type choicesOf, type Filters, noFilters } from './filters.ts';

interface FilterBarProps {
  readonly source: string;
  readonly sources: readonly string[];
  readonly filters: Filters;
  readonly choices: ReturnType<typeof choicesOf>;
  readonly isHeld: boolean;
  readonly setHeld: (held: boolean) => void;
  readonly setFilters: (changes: Partial<Record<keyof Filters, string>>) => void;
}

const any = [['', 'any']] as const;

/** What is shown of the results, and whether the list follows the stream. */
export function FilterBar(props: FilterBarProps) {
  const { source, sources, filters, choices, isHeld, setHeld, setFilters } = props;
  const listId = useId();
  const isFiltered = Object.entries(filters).some(([name, value]) => name !== 'source' && value);
  const set = (name: keyof Filters) => (value: string) => setFilters({ [name]: value });
  return (
    <form class="filters panel" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <Field label="Source">
        {(id) => (
          <>
            <SettledInput
              id={id}
              value={source}
              list={listId}
              onSettle={(value) => setFilters({ source: value })}
            />
            <datalist id={listId}>
              {sources.map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          </>
        )}
      </Field>
      <Choice
        label="Type"
        value={filters.type}
        options={[...any, ...choices.types]}
        onChange={set('type')}
      />
      <Field label="Entity">
        {(id) => (
          <input
            id={id}
            value={filters.entity}
            placeholder="has this in it"
            onInput={({ currentTarget }) => setFilters({ entity: currentTarget.value })}
          />
        )}
      </Field>
      <Choice
        label="Label"
        value={filters.label}
        options={[...any, ...choices.labels]}
        onChange={set('label')}
      />
      <Choice
        label="Language"
        value={filters.language}
        options={[...any, ...choices.languages]}
        onChange={set('language')}
      />
      <fieldset class="filter-scores">
        <legend>Score from, to</legend>
        {(['from', 'to'] as const).map((name) => (
          <input
            key={name}
            type="number"
            min="0"
            max="1"
            step="0.05"
            aria-label={`Score ${name}`}
            value={filters[name]}
            onInput={({ currentTarget }) => setFilters({ [name]: currentTarget.value })}
          />
        ))}
      </fieldset>
      <Choice
        label="Pipeline version"
        value={filters.version}
        options={[...any, ...choices.versions]}
        onChange={set('version')}
      />
      <div class="row spread">
        <label class="check">
          <input
            type="checkbox"
            checked={!isHeld}
            onChange={({ currentTarget }) => setHeld(!currentTarget.checked)}
          />
          Follow the stream
        </label>
        <button
          type="button"
          disabled={!isFiltered}
          onClick={() => setFilters({ ...noFilters, source: filters.source })}
        >
          Clear filters
        </button>
      </div>
    </form>
  );
}

interface SettledInputProps {
  readonly id: string;
  readonly value: string;
  readonly list: string;
  readonly onSettle: (value: string) => void;
}

/** An input that counts when it is left, chosen from, or sent: what is half typed is the name of no source. */
function SettledInput({ id, value, list, onSettle }: SettledInputProps) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const settle = () => {
    if (typed.trim() !== '' && typed.trim() !== value) onSettle(typed.trim());
  };
  return (
    <input
      id={id}
      list={list}
      value={typed}
      maxLength={64}
      pattern="[A-Za-z0-9._\-]{1,64}"
      spellcheck={false}
      onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      onChange={settle}
      onKeyDown={({ key }) => key === 'Enter' && settle()}
    />
  );
}
