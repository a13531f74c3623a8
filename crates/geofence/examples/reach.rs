use geofence::sea::*; use model::Position;
fn main(){ let sea=Sea::built_in(); let at=|x:f64,y:f64|Position::from_degrees(x,y).unwrap();
 let w=sea.search(at(-30.,0.),4e7); let t=std::time::Instant::now(); let (mut n,mut none)=(0,vec![]);
 let text=std::fs::read_to_string("config/ports/wpi.geojson").unwrap();
 for l in text.lines().filter(|l|l.contains("\"Point\"")) { let c=l.split("\"coordinates\":[").nth(1).unwrap().split(']').next().unwrap(); let f:Vec<f64>=c.split(',').map(|x|x.parse().unwrap()).collect();
  n+=1; if w.distance_m(&sea,at(f[0],f[1])).is_none() { none.push((l.split("\"name\":\"").nth(1).unwrap().split('"').next().unwrap().to_string(),l.split("\"country\":\"").nth(1).unwrap()[..2].to_string(), l.contains("radius_km\":8")||l.contains("radius_km\":10"))); } }
 println!("{n} ports, {} unreached, {} of them medium or large; {:?} a question", none.len(), none.iter().filter(|x|x.2).count(), t.elapsed()/n);
 if std::env::args().nth(1).is_some() { for x in none.iter().filter(|x|x.2){print!("{} {}, ",x.0,x.1);} println!(); } }
