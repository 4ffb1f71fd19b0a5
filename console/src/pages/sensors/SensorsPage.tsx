export function SensorsPage() {
  return null;
}
