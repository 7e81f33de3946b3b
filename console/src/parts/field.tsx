import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { useConsole } from '../console.ts';

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly fault?: string | undefined;
  readonly optional?: boolean;
}

function Field({
  id,
  label,
  hint,
  fault,
  optional,
  children,
}: FieldProps & { readonly id: string; readonly children: ComponentChildren }) {
  const { t } = useConsole();
  return (
    <div class="field">
      <label for={id}>
        {label}
        {optional === true && <span class="tail"> ({t('word.optional')})</span>}
      </label>
      {children}
      {fault !== undefined && (
        <span class="fault" id={`${id}-fault`}>
          {fault}
        </span>
      )}
      {hint !== undefined && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}

const TYPES = {
  text: { type: 'text' },
  password: { type: 'password' },
  number: { type: 'number' },
  time: { type: 'time' },
} as const;

export function TextField({
  value,
  onInput,
  type = 'text',
  autocomplete = 'off',
  placeholder,
  rows,
  mono,
  options,
  ...field
}: FieldProps & {
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly type?: keyof typeof TYPES;
  readonly autocomplete?: 'off' | 'current-password' | 'new-password';
  readonly placeholder?: string | undefined;
  /** Several lines. */
  readonly rows?: number;
  readonly mono?: boolean;
  /** Proposed; others may be typed. */
  readonly options?: readonly string[];
}) {
  const id = useId();
  const common = {
    id,
    value,
    placeholder,
    class: mono === true ? 'mono' : '',
    spellcheck: false,
    'aria-invalid': field.fault === undefined ? undefined : ('true' as const),
    'aria-describedby': describedBy(id, field),
    onInput: (event: Event) => {
      const { target } = event;
      if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) onInput(target.value);
    },
  };
  return (
    <Field id={id} {...field}>
      {rows === undefined ? (
        <>
          <input
            {...common}
            {...(options === undefined ? TYPES[type] : { type: 'text', list: `${id}-options` })}
            autocomplete={autocomplete}
            autocapitalize="off"
          />
          {options !== undefined && (
            <datalist id={`${id}-options`}>
              {options.map((option) => (
                <option key={option} value={option} />
              ))}
            </datalist>
          )}
        </>
      ) : (
        <textarea {...common} rows={rows} />
      )}
    </Field>
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

export function SelectField({
  value,
  onChange,
  options,
  ...field
}: FieldProps & {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options: readonly Option[];
}) {
  const id = useId();
  return (
    <Field id={id} {...field}>
      <Select id={id} value={value} options={options} onChange={onChange} describedBy={describedBy(id, field)} />
    </Field>
  );
}

export function Select({
  id,
  label,
  value,
  options,
  describedBy: described,
  onChange,
}: {
  readonly id?: string;
  readonly label?: string;
  readonly value: string;
  readonly options: readonly Option[];
  readonly describedBy?: string | undefined;
  readonly onChange: (value: string) => void;
}) {
  return (
    <select
      id={id}
      aria-label={label}
      aria-describedby={described}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

export function Checkbox({
  label,
  hint,
  checked,
  onChange,
}: {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}) {
  const id = useId();
  return (
    <div class="choice">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      <div class="field">
        <label for={id}>{label}</label>
        {hint !== undefined && (
          <span class="hint" id={`${id}-hint`}>
            {hint}
          </span>
        )}
      </div>
    </div>
  );
}

/** One of a few, all to be seen. */
export function Choices({
  label,
  value,
  options,
  segments,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (Option & { readonly hint?: string })[];
  /** In one line, without the label to be seen. */
  readonly segments?: boolean;
  readonly onChange: (value: string) => void;
}) {
  const name = useId();
  const kind = segments === true ? '' : 'card-choice';
  return (
    <fieldset class={segments === true ? '' : 'field'}>
      <legend class={segments === true ? 'hidden' : 'label'}>{label}</legend>
      <div class={segments === true ? 'segments' : 'choices'}>
        {options.map((option) => (
          <label key={option.value} class={kind}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={value === option.value}
              onChange={() => onChange(option.value)}
            />
            <span class={option.hint === undefined ? '' : 'two-lines'}>
              <span>{option.label}</span>
              {option.hint !== undefined && <span class="quiet small">{option.hint}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function describedBy(id: string, { hint, fault }: FieldProps): string | undefined {
  const parts = [fault === undefined ? undefined : `${id}-fault`, hint === undefined ? undefined : `${id}-hint`];
  const text = parts.filter((part) => part !== undefined).join(' ');
  return text === '' ? undefined : text;
}
