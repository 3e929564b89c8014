import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/bundle-wireline.ts",
    pool: "forks",
    // To load Effect anew for each file takes longer than most of them; what a test changes of its process, it restores.
    isolate: false,
    maxWorkers: 2,
    testTimeout: 60_000,
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text-summary", "html"] }
  }
})
