export function ApisPage() {
  return null;
}
