import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import ts from "typescript-eslint";

const NO_RAW_HTML = {
  selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
  message: "Text of people is never markup.",
};
const NO_DATE_PARTS = {
  selector: "CallExpression[callee.property.name=/^(get|set)(UTC)?(FullYear|Month|Date|Day|Hours|Minutes)$/]",
  message: "Parts of a date come from Temporal with a zone: the browser's zone is not the viewer's.",
};

export default ts.config(
  { ignores: ["**/dist/**", "client/src/api.ts"] },
  ...ts.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js", "budgets.mjs"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { "react-hooks": hooks, "jsx-a11y": a11y },
    rules: {
      ...hooks.configs.recommended.rules,
      ...a11y.flatConfigs.strict.rules,
      "jsx-a11y/no-autofocus": "off",
      "no-restricted-syntax": ["error", NO_RAW_HTML, NO_DATE_PARTS],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
    },
  },
  { files: ["**/*.{js,mjs}"], ...ts.configs.disableTypeChecked },
  {
    files: ["client/src/**"],
    rules: {
      "no-restricted-imports": ["error", { patterns: ["react", "react-dom", "@appointments/react"] }],
    },
  },
  {
    files: ["react/src/**"],
    rules: { "no-restricted-imports": ["error", { patterns: ["wouter", "@appointments/app"] }] },
  },
);
