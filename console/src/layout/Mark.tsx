/** The raised gate. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 32 32"
      fill="none"
      stroke="var(--mantine-primary-color-filled)"
      strokeWidth="2.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M4 27V14a12 12 0 0 1 24 0v13" />
      <path d="M10 9.5V27l1 2M16 3v26M22 9.5V27l-1 2M4.5 14h23M4.5 21h23" />
    </svg>
  );
}
