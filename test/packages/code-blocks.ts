/** The code blocks of a Markdown text in one language. */
export function codeBlocks(markdown: string, language = 'ts'): string[] {
  const blocks = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...markdown.matchAll(blocks)].map(([, code = '']) => code);
}
