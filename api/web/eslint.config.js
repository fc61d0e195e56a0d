import tseslint from 'typescript-eslint'

// Text from a report is never markup (RELIABILITY, failure mode 41): what would parse it is banned.
const parsesMarkup = [
  'innerHTML',
  'outerHTML',
  'setHTML',
  'setHTMLUnsafe',
  'insertAdjacentHTML',
  'createContextualFragment',
  'parseFromString',
  'parseHTMLUnsafe',
  'srcdoc',
  'write',
  'writeln',
]

const markup = parsesMarkup.map((name) => ({
  selector: `MemberExpression[property.name='${name}'], MemberExpression[property.value='${name}']`,
  message: `${name} parses markup: use textContent, or h() of dom.ts.`,
}))

const clock = [
  {
    selector:
      "NewExpression[callee.name='Date'][arguments.length=0], CallExpression[callee.name='Date']",
    message: "The browser's clock is not the mission's: ask clock.ts.",
  },
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: "The browser's clock is not the mission's: ask clock.ts.",
  },
]

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'public'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
    },
  },
  {
    files: ['**/*.{js,mjs,ts}'],
    rules: {
      'no-restricted-syntax': ['error', ...markup, ...clock],
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-implied-eval': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
      // ESLint counts each ?. and ?? as a branch.
      complexity: ['error', 12],
      'max-depth': ['error', 3],
      'max-params': ['error', 5],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['tests/**/*.ts', 'dev/**'],
    rules: { 'max-lines-per-function': 'off', 'no-console': 'off' },
  },
  {
    // Here write() is a socket's.
    files: ['dev/**'],
    rules: { 'no-restricted-syntax': 'off' },
  },
)
