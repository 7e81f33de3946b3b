import { StoreRegistry } from './store/registry.ts';
import { fileDriver } from './stores/file/driver.ts';
import { filelistDriver } from './stores/filelist/driver.ts';
import { generatedDriver } from './stores/generated/driver.ts';
import { httpDriver } from './stores/http/driver.ts';
import { memoryDriver } from './stores/memory/driver.ts';
import { rcloneDriver } from './stores/rclone/driver.ts';
import { s3Drivers } from './stores/s3/driver.ts';

/** Every store Ferry has. Nothing but this names a driver. */
export function allStores(): StoreRegistry {
  const files = fileDriver();
  const s3 = s3Drivers();
  return new StoreRegistry([
    files,
    filelistDriver(files),
    httpDriver(),
    memoryDriver(),
    generatedDriver(),
    rcloneDriver(files, s3[0]!),
    ...s3,
  ]);
}
