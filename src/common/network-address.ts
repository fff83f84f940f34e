const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const V6_CHARACTERS = /^[\da-f:.]+$/i;
/** Underscores are no part of the standard, though of names in use. (RFC 1123) */
const HOST_NAME = /^(?=.{1,253}$)\w(?:[\w-]{0,61}\w)?(?:\.\w(?:[\w-]{0,61}\w)?)*$/;

/** Whether a text is an IPv4 or IPv6 address, without port, zone or brackets. */
export function isIpAddress(text: string): boolean {
  return V4.test(text) || (text.includes(':') && V6_CHARACTERS.test(text) && URL.canParse(`http://[${text}]/`));
}

/** Whether a text is a host name. One that ends in a number is none: it would be an address, and is not. (WHATWG URL) */
export function isHostName(text: string): boolean {
  return HOST_NAME.test(text) && !/(?:^|\.)\d+$/.test(text);
}
