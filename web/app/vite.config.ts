import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The same source gives the same bytes: names are hashes of contents, and nothing reads a clock or the environment.
export default defineConfig({
  root: import.meta.dirname,
  base: "/app/",
  plugins: [react()],
  build: {
    target: "es2023",
    outDir: "../../services/ingress/web",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: "licenses.txt" },
    rolldownOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  // In development the API and the address book come from a stack that `make run` started.
  server: {
    port: 5173,
    proxy: { "/api": "http://127.0.0.1:8000", "/app/config.json": "http://127.0.0.1:8000" },
  },
});
