import { defineConfig } from "vitest/config";
import { usedPartsOfUplot } from "./uplot-parts";

/** The bundle is committed under the Python package, so names must depend on content alone. */
export default defineConfig({
  base: "./",
  plugins: [usedPartsOfUplot()],
  // Elements as calls of `h`: half the characters of the automatic runtime's calls.
  esbuild: {
    jsx: "transform",
    jsxFactory: "h",
    jsxFragment: "Fragment",
    jsxInject: 'import { h, Fragment } from "preact"',
    legalComments: "none",
  },
  build: {
    outDir: "../src/hiveboard/dashboard/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    minify: "terser",
    terserOptions: { compress: { passes: 3, ecma: 2020, inline: 1, keep_fargs: false }, format: { comments: false } },
    reportCompressedSize: true,
  },
  // The Host the browser sent is passed on: the collector compares it with the Origin of what changes something.
  server: {
    proxy: Object.fromEntries(["/v1", "/health"].map((path) => [path, { target: "http://127.0.0.1:8000", changeOrigin: false }])),
  },
  test: { include: ["test/**/*.test.ts"], environment: "node", css: true },
});
