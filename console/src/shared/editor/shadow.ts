/**
 * The editor writes its style sheets itself. In a shadow tree they are adopted (CSSOM, «Constructable Stylesheets») instead
 * of written as elements, which the Content Security Policy would refuse.
 */
export function shadowOf(holder: HTMLElement): ShadowRoot {
  return holder.shadowRoot ?? holder.attachShadow({ mode: "open" });
}
