import type { ComponentChildren } from 'preact';

interface NoticeProps {
  readonly kind: 'empty' | 'error' | 'loading';
  readonly title: string;
  /** What to do next. */
  readonly children?: ComponentChildren;
}

/** What stands where there is nothing to show: why, and what to do next. */
export function Notice({ kind, title, children }: NoticeProps) {
  return (
    <div class={`notice notice-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <p class="notice-title">{title}</p>
      {children && <div class="notice-next">{children}</div>}
    </div>
  );
}
