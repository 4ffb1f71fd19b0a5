export function BlocklistPage() {
  return null;
}
