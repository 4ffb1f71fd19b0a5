export function PolicyDrawer() {
  return null;
}
